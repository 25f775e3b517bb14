"""Certificates: genuine ones are accepted, and every changed one is refused, whether by accident or with a digest that fits."""

from __future__ import annotations

import copy
import json
import resource
from collections import Counter
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from strategies import COSTLY, KINDS, MP, Problem, mpf, problem, wendland_in_elastic

import wgflow as wg
from wgflow.stability.certificate import digest

QUICK = tuple(kind for kind in KINDS if kind not in (*COSTLY, wendland_in_elastic))
Data = dict[str, Any]


def sealed(data: Data) -> Data:
    """The same data with the digest that fits: only the replay can find it wrong."""
    body = {key: value for key, value in data.items() if key != "digest"}
    return {**body, "digest": digest(body)}


def accepted(source: object) -> bool:
    """Whether a certificate is accepted. Anything but acceptance or Refused is an error of its own."""
    try:
        wg.verify(source)
    except wg.Refused:
        return False
    return True


def genuine(seed: int, count: int) -> list[tuple[Problem, wg.Certificate]]:
    """Certificates of random problems: near eps*, at it, far from it; for all k, tori and bands; some UNDECIDED."""
    rng, found = Random(seed), []
    while len(found) < count:
        case = problem(rng, QUICK if rng.random() < 0.9 else KINDS)
        if case.least is None or case.least <= 0:
            eps: object = rng.choice((1, "1/3", -2))
        else:
            eps = rng.choice((case.near(rng.randint(1, 12), rng.choice((-1, 1))), case.least_text, "1/7"))
        domain = rng.choice(({}, {}, {"period": rng.choice(("2*pi", "20", "1/3"))}, {"band": rng.choice(("1/10,10", "1,3/2"))}))
        found.append((case, wg.certify(case.kernel, case.stabilizer, eps, case.dim, **domain)))
    return found


def test_genuine_certificates_are_accepted(tmp_path):
    verdicts = Counter()
    for number, (case, certificate) in enumerate(genuine(seed=1, count=300)):
        path = tmp_path / f"{number}.json"
        certificate.save(path)
        try:
            verified = wg.verify(path)
        except wg.Refused as problem:
            pytest.fail(f"refused: {problem}: {certificate.claim.to_json()} ({case.how})")
        assert verified.verdict is certificate.verdict and verified.result == certificate.to_json()
        verdicts[verified.verdict] += 1
    assert verdicts[wg.Verdict.DECAYS] > 60 and verdicts[wg.Verdict.GROWS] > 60


def test_an_undecided_certificate_is_accepted():
    """-(k^2 - 2)^2 k^-6 touches zero at an irrational k: nothing decides it, and its certificate says so."""
    found = wg.certify("-3/16*riesz(5) + 1/8*riesz(3) - 1/32*riesz(1)", "0*rbf", 0, 7)
    assert found.verdict is wg.Verdict.UNDECIDED
    assert wg.verify(found.to_file_json()).verdict is wg.Verdict.UNDECIDED


def test_an_exact_eps_of_any_length_is_accepted():
    assert accepted(wg.certify("rbf", "rbf(1/2)", Fraction(10**300 + 1, 3**400), 1).to_file_json())


# --- accidents: the file changes -------------------------------------------------------------------------------------


def flipped_byte(text: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + bytes([text[at] ^ (1 << rng.randrange(8))]) + text[at + 1 :]


def truncated(text: bytes, rng: Random) -> bytes:
    return text[: rng.randrange(len(text))]


def changed_digit(text: bytes, rng: Random) -> bytes:
    at = rng.choice([i for i, byte in enumerate(text) if 48 <= byte <= 57])
    return text[:at] + str((text[at] - 48 + rng.randint(1, 9)) % 10).encode() + text[at + 1 :]


def added_space(text: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice((b" ", b"\n", b"\t", b"\r\n")) + text[at:]


def deleted_piece(text: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(text) - 1)
    return text[:at] + text[at + rng.randint(1, 40) :]


def doubled(text: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(text))
    return rng.choice((text + text, text[:at] + text[at : at + 50] * 2 + text[at + 50 :]))


def edited_data(text: bytes, rng: Random) -> bytes:
    """Deletes a key, swaps two values or adds a key somewhere, and writes the JSON as wgflow writes it."""
    data = json.loads(text)
    places = [data, data["result"], data["result"]["claim"], data["proof"], data["versions"]]
    place = rng.choice(places)
    one, two = rng.sample(sorted(place), 2)
    action = rng.randrange(3)
    if action == 0:
        del place[one]
    elif action == 1 and place[one] != place[two]:
        place[one], place[two] = place[two], place[one]
    else:
        place["more"] = 1
    return json.dumps(data, separators=(",", ":")).encode() + b"\n"


ACCIDENTS = (flipped_byte, truncated, changed_digit, added_space, deleted_piece, doubled, edited_data)


def test_changed_files_are_refused(tmp_path):
    rng, path = Random(2), tmp_path / "changed.json"
    originals = []
    for _, certificate in genuine(seed=2, count=50):
        certificate.save(path)
        originals.append(path.read_bytes())
    for round_ in range(500):
        accident, original = ACCIDENTS[round_ % len(ACCIDENTS)], rng.choice(originals)
        changed = accident(original, rng)
        path.write_bytes(changed)
        assert changed == original or not accepted(path), (accident.__name__, round_)


HOSTILE = {
    "empty": b"",
    "binary": bytes(range(256)) * 40,
    "not an object": b"[1,2,3]\n",
    "foreign": b'{"schema":"other/1","data":[1,2,3]}\n',
    "foreign schema type": b'{"schema":{"wgflow.certificate/1":1}}\n',
    "only a schema": b'{"schema":"wgflow.certificate/1"}\n',
    "oversized": b'{"schema":"wgflow.certificate/1","x":"' + b"x" * 10_000_001 + b'"}\n',
    "NaN": b'{"schema":"wgflow.certificate/1","x":NaN}\n',
    "infinity": b'{"schema":"wgflow.certificate/1","x":-Infinity}\n',
    "overflowing number": b'{"schema":"wgflow.certificate/1","x":1e999}\n',
    "huge integer": b'{"schema":"wgflow.certificate/1","x":' + b"9" * 100_000 + b"}\n",
    "lone surrogate": b'{"schema":"wgflow.certificate/1","x":"\\ud800"}\n',
    "wrong encoding": '{"schema":"wgflow.certificate/1","x":"é"}\n'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + b'{"schema":"wgflow.certificate/1"}\n',
    **{f"nested {n}": b'{"schema":"wgflow.certificate/1","x":' + b"[" * n + b"]" * n + b"}\n" for n in (900, 100_000, 4_900_000)},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(tmp_path, name):
    path = tmp_path / "hostile.json"
    path.write_bytes(HOSTILE[name])
    assert not accepted(path)


def test_every_depth_of_nesting_is_refused(tmp_path):
    """Reading and writing JSON give up at different depths; between the two nothing else than Refused may come out."""
    path = tmp_path / "nested.json"
    for depth in range(900, 1000):
        path.write_bytes(b'{"schema":"wgflow.certificate/1","x":' + b"[" * depth + b"]" * depth + b"}\n")
        assert not accepted(path)


def nested(depth: int) -> list[Any]:
    return [] if depth == 0 else [nested(depth - 1)]


@pytest.mark.parametrize(
    "data", [{}, {"a": float("nan")}, {"a": float("inf")}, {"a": object()}, {1: 2}, {"a": nested(900)}], ids=range(6)
)
def test_hostile_data_is_refused(data):
    assert not accepted(data)


def at(data: Data, path: str) -> tuple[Any, Any]:
    *path_to, last = path.split(".")
    for key in path_to:
        data = data[key]
    return data, last


GROWING = {"kernel": "rbf", "stabilizer": "elastic", "eps": "1/2", "dim": 2}
DECAYING = {**GROWING, "eps": "1"}
WRONG_TYPES = (None, True, -1, 10**400, 1.5, "", "x", "1p1", "9" * 5000, [], [[]], {}, {"k": 1})
FIELDS = [
    *(
        "result",
        "result.claim",
        "result.verdict",
        "result.reason",
        "result.witness",
        "result.growing_bands",
        "result.feasible_eps",
    ),
    *(f"result.claim.{name}" for name in ("kernel", "stabilizer", "eps", "dim", "role", "period", "band")),
    *("proof", "proof.chart", "proof.witness", "proof.feasible", "proof.feasible.lower", "proof.feasible.empty"),
    *(f"proof.chart.{name}" for name in ("zero", "cuts", "signs", "infinity", "missing", "zero.k", "zero.sign", "zero.order")),
    *(f"proof.feasible.lower.{name}" for name in ("kind", "end", "enclosure", "place", "chart")),
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("claim", [GROWING, DECAYING], ids=("grows", "decays"))
def test_values_of_a_wrong_type_are_refused(claim, field):
    original = wg.certify(**claim).to_file_json()
    for value in WRONG_TYPES:
        data = json.loads(json.dumps(original))
        place, key = at(data, field)
        if place[key] != value and not (field == "proof.chart.zero.sign" and value is True):
            place[key] = value
            refused = not accepted(sealed(data))
            harmless = field in ("result.reason",) or (place[key] == value is None and field == "proof.feasible")
            assert refused or harmless, value


# --- lies: the content changes to something false, and the digest fits ---------------------------------------------
# Each takes the data of a certificate (already a copy) and returns it changed, or None where it does not apply.


def other_verdict(case: Problem, data: Data, rng: Random) -> Data | None:
    result = data["result"]
    if result["verdict"] == "UNDECIDED":
        return None
    if result["verdict"] == "DECAYS":
        result["verdict"] = "GROWS"
        result["witness"] = {"wavenumber": 1.0, "rate": [0.0, 0.0]}
        data["proof"]["witness"] = "m1" if result["claim"]["period"] else "1p0"
        result["growing_bands"] = [{"from": [1.0, 1.0], "to": [1.0, 1.0]}]
        return data
    return _decaying(data)


def _decaying(data: Data) -> Data:
    data["result"].update(verdict="DECAYS", witness=None, growing_bands=[])
    data["proof"]["witness"] = None
    return data


def negative_everywhere(case: Problem, data: Data, rng: Random) -> Data | None:
    """Paints a growing chart negative: all of it, and its ends."""
    chart = data["proof"]["chart"]
    if data["result"]["verdict"] != "GROWS" or chart is None:
        return None
    chart["signs"] = [-1] * len(chart["signs"])
    for end in ("zero", "infinity"):
        if chart[end] is not None:
            chart[end]["sign"] = -1
    return _decaying(data)


def one_wide_piece(case: Problem, data: Data, rng: Random) -> Data | None:
    """One negative piece over everything, growing bands included."""
    chart = data["proof"]["chart"]
    if data["result"]["verdict"] != "GROWS" or chart is None or len(chart["cuts"]) < 2:
        return None
    chart.update(cuts=[chart["cuts"][0], chart["cuts"][-1]], signs=[-1])
    return _decaying(data)


def eps_across(case: Problem, data: Data, rng: Random) -> Data | None:
    """eps on the other side of eps*, all else kept (only where all k count: on a torus the end lies elsewhere)."""
    result = data["result"]
    if case.least is None or case.least <= 0 or result["verdict"] == "UNDECIDED" or not _everywhere(data):
        return None
    result["claim"]["eps"] = str(Fraction(case.near(rng.randint(2, 9), -1 if result["verdict"] == "DECAYS" else 1)))
    return data


def _everywhere(data: Data) -> bool:
    return data["result"]["claim"]["period"] is None and data["result"]["claim"]["band"] is None


def other_size(case: Problem, data: Data, rng: Random) -> Data | None:
    """e so much larger (smaller) that eps no longer (already) suffices."""
    claim, verdict = data["result"]["claim"], data["result"]["verdict"]
    if case.least is None or case.least <= 0 or verdict == "UNDECIDED" or not _everywhere(data):
        return None
    need = Fraction(claim["eps"]) / Fraction(MP.nstr(mpf(case.least), 30))
    factor = need * Fraction(11, 10) if verdict == "DECAYS" else need * Fraction(9, 10)
    if factor <= 0 or len(str(factor)) > 200:
        return None
    claim["kernel"] = str(wg.kernel(claim["kernel"]) * factor)
    return data


def other_role(case: Problem, data: Data, rng: Random) -> Data | None:
    if data["result"]["verdict"] == "UNDECIDED" or data["proof"]["chart"] is None:
        return None
    claim = data["result"]["claim"]
    claim["role"] = "generator" if claim["role"] == "discriminator" else "discriminator"
    return data


def flipped_sign(case: Problem, data: Data, rng: Random) -> Data | None:
    chart = data["proof"]["chart"]
    signed = [i for i, sign in enumerate(chart["signs"] if chart else []) if sign]
    if not signed or data["result"]["verdict"] == "UNDECIDED":
        return None
    chart["signs"][rng.choice(signed)] *= -1
    return data


def flipped_end(case: Problem, data: Data, rng: Random) -> Data | None:
    chart, end = data["proof"]["chart"], rng.choice(("zero", "infinity"))
    if chart is None or chart[end] is None or data["result"]["verdict"] == "UNDECIDED":
        return None
    chart[end]["sign"] *= -1
    return data


def moved_end(case: Problem, data: Data, rng: Random) -> Data | None:
    """An end argument far beyond where any expansion holds."""
    chart, end = data["proof"]["chart"], rng.choice(("zero", "infinity"))
    if chart is None or chart[end] is None or data["result"]["verdict"] == "UNDECIDED":
        return None
    chart[end]["k"] = "1p30" if end == "zero" else "1p-30"
    return data


def dropped_end(case: Problem, data: Data, rng: Random) -> Data | None:
    chart, end = data["proof"]["chart"], rng.choice(("zero", "infinity"))
    if chart is None or chart[end] is None or data["result"]["verdict"] == "UNDECIDED":
        return None
    chart[end] = None
    return data


def gap(case: Problem, data: Data, rng: Random) -> Data | None:
    chart = data["proof"]["chart"]
    if chart is None or len(chart["signs"]) < 2 or chart["missing"] or data["result"]["verdict"] == "UNDECIDED":
        return None  # where an end is left open on a torus, the modes of a gap are looked at one by one
    cut = slice(1, None) if rng.random() < 0.5 else slice(None, -1)
    chart.update(cuts=chart["cuts"][cut], signs=chart["signs"][cut])
    return data


def no_chart(case: Problem, data: Data, rng: Random) -> Data | None:
    if data["proof"]["chart"] is None or data["result"]["verdict"] == "UNDECIDED":
        return None
    data["proof"]["chart"] = None
    return data


def _lower(data: Data) -> tuple[Data, Data] | None:
    feasible = data["result"]["feasible_eps"]
    if feasible is None or feasible["lower"] is None:
        return None
    return feasible["lower"], data["proof"]["feasible"]["lower"]


def shifted_enclosure(case: Problem, data: Data, rng: Random) -> Data | None:
    """Moves the stated end of the interval, and its proof along with it, off the true value."""
    found = _lower(data)
    if found is None or None in found[0]["enclosure"] or not found[0]["enclosure"][0] > 1e-300:
        return None
    stated, proof = found
    factor = Fraction(1) + rng.choice((-1, 1)) * Fraction(1, 2 ** rng.randint(3, 20))
    stated["enclosure"] = [float(Fraction(x) * factor) for x in stated["enclosure"]]
    if proof["enclosure"] is not None:
        values = [Fraction(x) for x in stated["enclosure"]]
        assert all(v.denominator & (v.denominator - 1) == 0 for v in values)
        proof["enclosure"] = [f"{v.numerator}p{1 - v.denominator.bit_length()}" for v in values]
    return data


def flipped_attained(case: Problem, data: Data, rng: Random) -> Data | None:
    found = _lower(data)
    if found is None or found[0]["attained"] is None:
        return None
    found[0]["attained"] = not found[0]["attained"]
    return data


def no_lower_end(case: Problem, data: Data, rng: Random) -> Data | None:
    """Every eps is feasible, it says, down to minus infinity."""
    if _lower(data) is None:
        return None
    data["result"]["feasible_eps"]["lower"] = data["proof"]["feasible"]["lower"] = None
    data["proof"]["feasible"]["lower_chart"] = data["proof"]["feasible"]["upper_chart"]
    return data


def invented_upper_end(case: Problem, data: Data, rng: Random) -> Data | None:
    found = _lower(data)
    if found is None or data["result"]["feasible_eps"]["upper"] is not None:
        return None
    data["result"]["feasible_eps"]["upper"], data["proof"]["feasible"]["upper"] = (copy.deepcopy(part) for part in found)
    return data


def invented_emptiness(case: Problem, data: Data, rng: Random) -> Data | None:
    if _lower(data) is None:
        return None
    place = "m1" if data["result"]["claim"]["period"] else "1p0"
    data["result"]["feasible_eps"] = {"empty": True, "lower": None, "upper": None}
    empty = {"kind": rng.choice(("end", "pair", "identity", "kernel")), "end": None, "below": place, "above": place}
    if empty["kind"] == "end":
        empty.update(end=rng.choice(("zero", "infinity")), below=None, above=None)
    nothing = {"lower": None, "upper": None, "lower_chart": None, "upper_chart": None}
    data["proof"]["feasible"] = {"empty": empty, **nothing}
    return data


def invented_interval(case: Problem, data: Data, rng: Random) -> Data | None:
    """A limit as the lower end where no eps is feasible."""
    feasible = data["result"]["feasible_eps"]
    if feasible is None or not feasible["empty"]:
        return None
    data["result"]["feasible_eps"] = {"empty": False, "lower": {"enclosure": [0.0, 1e300], "attained": None}, "upper": None}
    end = {"kind": "interior", "end": None, "enclosure": ["0p0", "1p1000"], "place": "1p0", "chart": data["proof"]["chart"]}
    if rng.random() < 0.5:
        end.update(kind="approached", end=rng.choice(("zero", "infinity")), place=None)
    chart = data["proof"]["chart"]
    data["proof"]["feasible"] = {"empty": None, "lower": end, "upper": None, "lower_chart": None, "upper_chart": chart}
    return data


def other_rate(case: Problem, data: Data, rng: Random) -> Data | None:
    witness = data["result"]["witness"]
    if witness is None or None in witness["rate"]:
        return None
    low, high = witness["rate"]
    witness["rate"] = [high * 2 + 1, high * 2 + 2] if rng.random() < 0.5 else [low - 1, low - 0.5]
    return data


def other_witness(case: Problem, data: Data, rng: Random) -> Data | None:
    if data["result"]["witness"] is None:
        return None
    data["result"]["witness"]["wavenumber"] = 12.345678
    return data


def other_bands(case: Problem, data: Data, rng: Random) -> Data | None:
    bands = data["result"]["growing_bands"]
    if not bands:
        return None
    action = rng.randrange(3)
    if action == 0:
        bands.pop()
    elif action == 1:
        bands.append({"from": [1e200, 1e200], "to": None})
    else:
        bands[0]["from"] = [(x or 1.0) * 1.001 + 1e-3 for x in bands[0]["from"]]
    return data


LIES = (
    other_verdict, negative_everywhere, one_wide_piece, eps_across, other_size, other_role, flipped_sign, flipped_end, moved_end,
    dropped_end, gap, no_chart, shifted_enclosure, flipped_attained, no_lower_end, invented_upper_end, invented_emptiness,
    invented_interval, other_rate, other_witness, other_bands,
)  # fmt: skip


def told_lies(seed: int, count: int) -> Counter[str]:
    """Tells ``count`` lies and returns how often each was told; fails at the first one that is believed."""
    rng, told = Random(seed), Counter()
    originals = [(case, json.loads(json.dumps(c.to_file_json()))) for case, c in genuine(seed, max(60, count // 10))]
    for lie in islice(cycle(LIES), count):
        for case, data in rng.sample(originals, len(originals)):
            changed = lie(case, copy.deepcopy(data), rng)
            if changed is not None and changed != data:
                break
        else:
            continue
        told[lie.__name__] += 1
        assert not accepted(sealed(changed)), f"{lie.__name__} is believed: {changed} (was {data}; {case.how})"
    return told


def test_lies_are_refused():
    told = told_lies(seed=3, count=630)
    assert all(told[lie.__name__] == 30 for lie in LIES), told


@pytest.mark.long
@pytest.mark.parametrize("seed", range(200, 210))
def test_many_lies_are_refused(seed):
    told_lies(seed, 1000)


# --- lies about the growing bands, hand made: exp(-k^2/2) k grows against eps = 1/2 from 0.5978... to 1.4674... ------


def repainted(cuts: list[str], signs: list[int], bands: list[list[float]], claim: Data = GROWING) -> Data:
    data = json.loads(json.dumps(wg.certify(**claim).to_file_json()))
    data["proof"]["chart"].update(cuts=cuts, signs=signs)
    data["result"]["growing_bands"] = [{"from": band[:2], "to": band[2:]} for band in bands]
    return data


def test_an_enclosure_of_a_bands_start_may_not_leave_out_undecided_pieces():
    """The root 0.5978... lies in the first of two undecided pieces, 0.5 to 0.625 and 0.625 to 0.75."""
    cuts, signs = ["1p-2", "1p-1", "5p-3", "3p-2", "5p-2", "3p-1", "1p1"], [-1, 0, 0, 1, 0, -1]
    assert not accepted(sealed(repainted(cuts, signs, [[0.625, 0.75, 1.25, 1.5]])))


def test_one_band_may_not_be_stated_as_two():
    cuts, signs = ["1p-2", "1p-1", "5p-3", "3p-2", "1p0", "5p-2", "3p-1", "1p1"], [-1, 0, 1, 0, 1, 0, -1]
    assert not accepted(sealed(repainted(cuts, signs, [[0.5, 0.625, 0.75, 1.0], [0.75, 1.0, 1.25, 1.5]])))


def test_a_band_may_not_be_hidden_in_an_undecided_piece():
    """The top hat in R^3 grows up to 4.49..., and from 7.72... to 10.9...; the second band is painted over with 0."""
    claim = {"kernel": "tophat(1)", "stabilizer": "0*rbf", "eps": 0, "dim": 3, "band": "1/10,12"}
    original = wg.certify(**claim).to_file_json()
    data = json.loads(json.dumps(original))
    cuts = [Fraction(int(m)) * Fraction(2) ** int(e) for m, e in (text.split("p") for text in data["proof"]["chart"]["cuts"])]
    data["proof"]["chart"]["signs"] = [
        0 if 7 < cut < 11 else sign for cut, sign in zip(cuts, data["proof"]["chart"]["signs"], strict=False)
    ]
    assert len(data["result"]["growing_bands"]) == 2
    data["result"]["growing_bands"].pop()
    assert not accepted(sealed(data))


def test_a_proportional_kernel_with_both_signs_leaves_no_eps():
    """e = s of both signs: eps > 1 and eps < 1 are asked for, so two identity ends at 1 are no interval."""
    data = json.loads(json.dumps(wg.certify("rbf(2) - rbf(1)", "rbf(2) - rbf(1)", 1, 1).to_file_json()))
    ends = [{"kind": "identity", "end": end, "enclosure": None, "place": None, "chart": None} for end in ("zero", "infinity")]
    data["proof"]["feasible"] = {"empty": None, "lower": ends[0], "upper": ends[1], "lower_chart": {}, "upper_chart": {}}
    for width in (0.0, 1e-12):
        stated = {"enclosure": [1.0 - width, 1.0 + width], "attained": False}
        data["result"]["feasible_eps"] = {"empty": False, "lower": stated, "upper": stated}
        assert not accepted(sealed(data))


# --- numbers that would never end -----------------------------------------------------------------------------------


@pytest.fixture
def little_memory():
    """One gigabyte more than now: a number that is written out ends in MemoryError before it troubles the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


FAR = ("1p999999999999", "1p-999999999999", "1p" + "9" * 40, "1p-" + "9" * 40)


@pytest.mark.parametrize("point", FAR)
@pytest.mark.parametrize("where", ["enclosure", "cut", "place", "band cut", "band witness", "zero", "infinity"])
def test_points_far_beyond_any_wavenumber(little_memory, where, point):
    """2 to the power 10^12 takes 125 GB to write out; no certificate needs it, and this one is refused at once."""
    data = json.loads(json.dumps(wg.certify(**GROWING, band="1/10,10" if "band" in where else None).to_file_json()))
    chart, lower = data["proof"]["chart"], data["proof"]["feasible"]["lower"]
    if where == "enclosure":
        lower["enclosure"][rng_side(point)] = point
    elif where == "place":
        lower["place"] = point
    elif where == "band witness":
        data["proof"]["witness"] = point
    elif where in ("zero", "infinity"):
        chart[where]["k"] = point
    else:
        chart["cuts"][-1 if rng_side(point) else 0] = point
    harmless = where == "cut"  # a chart may start far down; what it says there is checked like all else
    assert not accepted(sealed(data)) or harmless


def rng_side(point: str) -> int:
    return 0 if point.startswith("-") or "p-" in point else 1


@pytest.mark.parametrize("mode", ["m0", "m-1", "m3", "m" + "9" * 38, "m" + "9" * 5000, "m1.5", "1p0", None])
def test_modes_that_do_not_exist(mode):
    """|m|^2 = 3, or 10^38 - 1 (3 mod 4), is no sum of two squares; finding that out by trial division would take ages."""
    data = wg.certify(**{**GROWING, "eps": "1/10"}, period="2*pi").to_file_json()
    data["proof"]["witness"] = mode
    assert not accepted(sealed(data))
