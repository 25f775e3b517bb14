"""What a certificate and a spectrum say in words, in HTML and in LaTeX."""

from __future__ import annotations

from fractions import Fraction
from math import inf

from wgflow.fourier.domain import Band, Period
from wgflow.stability.answer import GrowingBand, Verdict, number_text, rounded
from wgflow.stability.claim import Claim

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from wgflow.stability.certificate import Answer
    from wgflow.stability.rates import Spectrum


VERDICT_TEXT = {
    Verdict.DECAYS: "DECAYS: the growth rate is proved to be negative at every mode",
    Verdict.GROWS: "GROWS: a mode is proved not to decay",
    Verdict.UNDECIDED: "UNDECIDED: neither proved nor refuted",
}


def bands_text(bands: tuple[GrowingBand, ...], most: int = 5) -> str:
    shown = ", ".join(str(b) for b in bands[:most])
    return shown + (f", and {len(bands) - most} more" if len(bands) > most else "")


def domain_text(certificate: Answer) -> str:
    domain = certificate.claim.domain
    if isinstance(domain, Period):
        return f"the modes of a torus of period {domain.text}"
    if isinstance(domain, Band):
        return f"{domain.low} <= k <= {domain.high}"
    return "all k > 0"


def dimension_text(certificate: Answer) -> str:
    claim = certificate.claim
    return str(claim.dim) if isinstance(claim, Claim) else f"all (every n >= {claim.least_dimension})"


def claim_rows(certificate: Answer) -> list[tuple[str, str]]:
    claim = certificate.claim
    return [
        ("kernel e", str(claim.kernel)),
        ("stabilizer s", str(claim.stabilizer)),
        ("eps", str(claim.eps)),
        ("dimension", dimension_text(certificate)),
        ("role", claim.role.text),
        ("modes", domain_text(certificate)),
    ]


def verdict_text(certificate: Answer) -> str:
    text = VERDICT_TEXT[certificate.verdict]
    if isinstance(certificate.claim, Claim):
        return text
    return text + {Verdict.DECAYS: " in every dimension", Verdict.GROWS: " in some dimension"}.get(certificate.verdict, "")


def answer_rows(certificate: Answer) -> list[tuple[str, str]]:
    rows = [("verdict", verdict_text(certificate))]
    if certificate.reason:
        rows.append(("note" if certificate.verdict is not Verdict.UNDECIDED else "reason", certificate.reason))
    if certificate.growing_bands:
        rows.append(("growing modes", bands_text(certificate.growing_bands)))
    if certificate.witness:
        low, high = certificate.witness.rate
        k = certificate.witness.wavenumber
        text = f"{k:.9g}" if isinstance(k, float) else k
        where = f"dim = {certificate.witness.dim}, " if certificate.witness.dim else ""
        rows.append(("witness", f"{where}k = {text}, rate {number_text((low, high))} (at unit density)"))
    rows.append(("feasible eps", str(certificate.feasible or "not determined")))
    if (shortfall := not_enough(certificate)) is not None:
        rows.append(("not enough", shortfall))
    if certificate.suggestion:
        rows.append(("to fix it", certificate.suggestion))
    return rows


def not_enough(certificate: Answer) -> str | None:
    """Returns a sentence where eps is below the least one that makes every mode decay."""
    found = certificate.feasible
    if certificate.verdict is not Verdict.GROWS or found is None or found.lower is None:
        return None
    eps, least = certificate.claim.eps, rounded(found.lower.low, found.lower.high)
    if abs(least[1]) < inf and eps > Fraction(least[1]):
        return None
    return f"eps = {decimal_text(eps)} is not enough; the least eps is {found.lower.text}"


def decimal_text(value: Fraction) -> str:
    """Returns a rational as a short decimal where that is exact, else as a fraction."""
    text = f"{float(value):.12g}" if abs(value) < 10**15 else str(value)
    return text if Fraction(text) == value else str(value)


def certificate_lines(certificate: Answer) -> list[str]:
    rows = claim_rows(certificate) + answer_rows(certificate)
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {text}" for name, text in rows]


def spectrum_lines(found: Spectrum) -> list[str]:
    rows = [*claim_rows(found.certificate), ("density", str(found.density)), *extra_rows(found)]
    width = max(len(name) for name, _ in rows)
    return [f"{name:<{width}}  {text}" for name, text in rows]


def extra_rows(found: Spectrum) -> list[tuple[str, str]]:
    """The certificate's answer, with the fastest-growing (or slowest-decaying) mode."""
    rows = answer_rows(found.certificate)
    fastest = found.fastest
    at = next(i for i, (name, _) in enumerate(rows) if name == "feasible eps")
    if fastest is not None:
        rows.insert(at, ("fastest mode", fastest_text(fastest.kind, fastest.wavenumber, fastest.rate)))
    elif found.slowest is not None:
        k, rate = found.slowest
        low, high = found.wavenumber[0], found.wavenumber[-1]
        rows.insert(at, ("slowest decay", f"rate {rate:.6g} at k = {k:.6g}, of the grid {low:.4g} ... {high:.4g}"))
    return rows


def fastest_text(kind: str, k: float | None, rate: float) -> str:
    if kind == "mode":
        return f"k = {k:.6g}, rate {rate:.6g}" if k is not None else f"rate {rate:.6g}"
    toward = "0" if kind == "zero" else "infinity"
    if rate == inf:
        return f"the rate grows without bound as k tends to {toward}"
    return f"the rate tends to {rate:.6g} as k tends to {toward}"


def _html_table(rows: list[tuple[str, str]]) -> str:
    from html import escape  # late: its table of entities is only for notebooks

    cells = "".join(
        f'<tr><th style="text-align:left">{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    return f"<table>{cells}</table>"


def certificate_html(certificate: Answer) -> str:
    return _html_table(claim_rows(certificate) + answer_rows(certificate))


def spectrum_html(found: Spectrum) -> str:
    return _html_table([*claim_rows(found.certificate), ("density", str(found.density)), *extra_rows(found)])


def certificate_latex(certificate: Answer) -> str:
    claim = certificate.claim
    sign = {Verdict.DECAYS: "<", Verdict.GROWS: r"\not<", Verdict.UNDECIDED: r"\overset{?}{<}"}[certificate.verdict]
    role = "-" if claim.role.value < 0 else ""
    subset = "torus" if isinstance(claim.domain, Period) else "band"
    modes = "k > 0" if claim.domain is None else rf"k \text{{ of the {subset}}}"
    dimensions = f"n = {claim.dim}" if isinstance(claim, Claim) else rf"n \geq {claim.least_dimension}"
    eps = rf"\tfrac{{{claim.eps.numerator}}}{{{claim.eps.denominator}}}" if claim.eps.denominator > 1 else str(claim.eps)
    return rf"${role}k^2\,\hat{{(e - {eps}\,s)}}(k) {sign} 0 \quad ({modes},\ {dimensions})$"
