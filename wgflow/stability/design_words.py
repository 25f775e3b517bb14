"""What a design and its trade-off say in words and in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from wgflow.kernels.kernel import Kernel, spell
from wgflow.stability.answer import Verdict
from wgflow.stability.words import VERDICT_TEXT, decimal_text

TYPE_CHECKING = False  # type checkers take it as true: the records import this module
if TYPE_CHECKING:
    from wgflow.stability.design import Alone, Design
    from wgflow.stability.least_mixture import Mixture


def number_words(value: Fraction) -> str:
    """Returns the shortest of six digits, twelve digits and a fraction that is exact.

    >>> number_words(Fraction(10**300)), number_words(Fraction(1, 3))
    ('1e+300', '1/3')
    """
    short = f"{float(value):.6g}" if abs(value) < 10**308 else "0"
    return short if Fraction(short) == value else decimal_text(value)


def typed(kernel: Kernel) -> str:
    """Returns kernel text with decimal weights where they are exact; the parser reads it back to the same kernel.

    >>> from wgflow.kernels.text import parse
    >>> typed(parse("3/8*rbf - 1/3*elastic"))
    '-1/3*elastic + 0.375*rbf(lengthscale=1)'
    """
    out = ""
    for weight, name in map(spell, kernel.terms):
        size = number_words(abs(weight))
        joint = (" - " if weight < 0 else " + ") if out else ("-" if weight < 0 else "")
        out += joint + (name if size == "1" else f"{size}*{name}")
    return out or "0"


NOTHING = "GROWS: proved that no mixture of the candidates makes every mode decay"


def problem_rows(found: Design) -> list[tuple[str, str]]:
    problem = found.problem
    rows = [
        ("kernel e", typed(problem.kernel)),
        ("dimension", str(problem.dim)),
        ("role", problem.role.text),
        ("data's band", f"{number_words(problem.band.low)} <= k <= {number_words(problem.band.high)}"),
    ]
    return rows + ([("decay asked for", f"at least {number_words(found.decay)} over the band")] if found.decay else [])


def design_rows(found: Design) -> list[tuple[str, str]]:
    if found.stabilizer is None or found.eps is None or found.intrusion is None:
        rows = [("verdict", NOTHING if found.verdict is Verdict.GROWS else VERDICT_TEXT[found.verdict])]
        rows.append(("reason", found.reason or ""))
        return rows + ([("what to add", found.advice)] if found.advice else [])
    rows = [
        ("stabilizer s", typed(found.stabilizer)),
        ("eps", number_words(found.eps)),
        ("verdict", VERDICT_TEXT[found.verdict]),
        ("intrusion", f"{found.intrusion:.6g}{_optimality(found)}"),
        ("any stabilizer", f"at least {found.floor:.6g}, whatever the family (float)"),
    ]
    if found.slowest_decay is not None:
        k, rate = found.slowest_decay
        rows.append(("slowest decay", f"rate {rate:.6g} at k = {k:.6g}, of the band (float)"))
    if found.decay_certificate is not None:
        rows.append(("proved decay", f"every mode of the band decays at least at the rate {number_words(found.decay)}"))
    if not found.eps:
        return [*rows, ("to type", "nothing: no stabilizer is needed")]
    return [*rows, ("to type", f"--stabilizer '{typed(found.stabilizer)}' --eps {number_words(found.eps)}")]


def _optimality(found: Design) -> str:
    bound = found.lower_bound
    if not bound or not found.intrusion:
        return ""
    excess = 100 * max(0.0, found.intrusion / bound - 1)
    return f"; no mixture of these is below {bound:.6g} (float), so it is within {max(excess, 0.001):.2g} % of the least"


def alone_cells(alone: Alone) -> tuple[str, str, str]:
    """(stabilizer, feasible eps, intrusion at the least eps) of a candidate by itself."""
    feasible = alone.certificate.feasible
    words = "not determined" if feasible is None else "none" if feasible.empty is not None else str(feasible)
    if feasible is not None and feasible.empty is not None and feasible.empty.end is not None:
        words += f" (k -> {'0' if feasible.empty.end.value == 'zero' else 'infinity'})"
    return typed(alone.stabilizer), words, "-" if alone.intrusion is None else f"{alone.intrusion:.6g}"


HEADER = ("stabilizer", "feasible eps", "intrusion")


def comparison(found: Design) -> list[tuple[str, ...]]:
    """The candidates alone, the answer last."""
    rows: list[tuple[str, ...]] = [alone_cells(alone) for alone in found.table]
    if found.stabilizer is not None and found.intrusion is not None and found.eps is not None:
        rows.append(("the design", f"eps = {number_words(found.eps)}", f"{found.intrusion:.6g}"))
    return rows


TRADE_HEADER = ("decay asked for", "intrusion", "proved", "eps", "stabilizer")


def trade_cells(decay: Fraction, mixture: Mixture) -> tuple[str, ...]:
    """A point of the trade-off: the decay that was asked for, and the answer."""
    if mixture.stabilizer is None:
        return number_words(decay), "-", "no", "-", mixture.reason or "-"
    return number_words(decay), f"{mixture.intrusion:.6g}", "yes", number_words(mixture.eps), typed(mixture.stabilizer)


def design_lines(found: Design) -> list[str]:
    rows = problem_rows(found) + design_rows(found)
    width = max(len(name) for name, _ in rows)
    table = [HEADER, *comparison(found)]
    sizes = [max(len(row[i]) for row in table) for i in range(3)]
    lines = ["  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in table]
    return [*lines, *(f"{name:<{width}}  {text}" for name, text in rows)]


def design_html(found: Design) -> str:
    return html_table(HEADER, comparison(found)) + html_table((), problem_rows(found) + design_rows(found))


def html_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    from html import escape  # late: its table of entities is only for notebooks

    def line(tag: str, cells: tuple[str, ...]) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align:left">{escape(c)}</{tag}>' for c in cells) + "</tr>"

    return f"<table>{line('th', header) if header else ''}{''.join(line('td', row) for row in rows)}</table>"
