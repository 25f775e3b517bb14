"""Hostile kernel text: what an attacker, a typing error or a fuzzer would send to the parser, from a seed.

Run as a program (``python tests/hostile.py COUNT SEED``) it reads COUNT strings under an audit hook and prints a report
as JSON.
"""

import json
import random
import re
import sys
import time
from collections.abc import Iterator

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sech", "erf", "besselk", "besselj")
NAMES = (
    "rbf",
    "rq",
    "imq",
    "multiquadric",
    "laplace",
    "matern",
    "energy",
    "riesz",
    "elastic",
    "log",
    "coulomb",
    "yukawa",
    "wendland",
)
VALID = (
    "rbf", "rbf(1) + 1/2*rbf(2) - 0.1*energy(1.5)", "rq(alpha=0.5)", "exp(-r**4)", "sech(r)", "exp(-r**2/2)*(1 - r**2/4)",
    "1/(1+r**4)", "r**2*log(r)", "exp(-r)*cos(r)", "besselk(0, r)", "erf(r)/r", "tanh(r)/r", "log(1+r**2)", "besselj(1/2, 3*r)/r",
    "exp(-sqrt(1+r**2))", "((1-r)**2)**(1/2)*exp(-r)", "(2 + cos(r))**(-1/3)*exp(-r**2)", "rbf + sech(2*r) - 3*exp(-r)*r**3",
    "sqrt(2)*exp(-pi*r**2)", "exp(-r**1.5)", "wendland(1, radius=3)", "elastic(scale=2)", "rbf(gamma=2) + r*exp(-r/3)",
)  # fmt: skip
ATTACKS = (
    *re.split(r" ;\s+", """
__import__('os').system('true') ; ().__class__.__bases__[0].__subclasses__() ; r.__class__ ; exp.__globals__ ; __builtins__ ;
import os ; from os import system ; lambda: r ; lambda r: r ; f'{r}' ; [r for r in (1,2)] ; {r: r} ; {r} ; (r for r in r) ;
os.system('id') ; open('/etc/passwd') ; open('/tmp/x', 'w') ; exec('1') ; eval('1') ; compile('1','','eval') ; globals() ;
getattr(r, 'x') ; setattr(r, 'x', 1) ; print(1) ; input() ; breakpoint() ; exit() ; quit() ; help() ; vars() ; dir() ;
subprocess.run('id') ; ctypes.CDLL(None) ; socket.socket() ; pickle.loads(b'') ; sys.exit(1) ; yield r ; await r ; r := 1 ;
r if r else r ; r and r ; r or r ; not r ; r < 1 ; r == r ; r = 1 ; r; r ; r, r ; r[0] ; r.real ; r@r ; r//2 ; r%2 ; r^2 ;
r|r ; r&r ; ~r ; r<<2 ; r>>2 ; *r ; **r ; r** ; r**- ; r***2 ; r**/2 ; //r ; r// ; %s ; %n%n%n ; {0} ; ${HOME} ; $(id) ;
'; DROP TABLE kernels; -- ; <script> ; ../../etc/passwd ; 1_000*r ; 0x10*r ; 0b1*r ; 0o7*r ; 1j*r ; 1e5j ; 1.2.3*r ; 1..2 ;
. ; .. ; 1e ; 1e+ ; e1 ; 1ee5 ; 1e1e1 ; -- ; +- ; - ; + ; * ; / ; ( ; ) ; () ; (()) ; , ; = ; == ; r= ; =r ; exp= ; exp(=) ;
exp(r=1) ; exp(r,) ; exp(,r) ; exp(r,r) ; exp() ; exp ; exp exp ; exp r ; exp(r ; exp r) ; exp((r) ; sin ; sin() ; sin(1,2) ;
besselk ; besselk() ; besselk(r) ; besselk(1) ; besselk(1,) ; besselk(,r) ; besselk(r,1) ; besselk(1,2,3) ; besselk(1/3, r) ;
besselk(1e400, r) ; besselk(1e-400, r) ; besselk(101, r) ; besselk(-7/2, r) ; besselk(1/999999999999999999999999, r) ;
besselj(-1/2, r) ; besselk(0, -r) ; besselk(0,0) ; besselj(0, 0) ; besselj(1/2, -r) ; besselk(0, r-r) ; besselk(pi, r) ;
besselk(sqrt(2), r) ; besselk(besselk(0,r), r) ; 9**9**9 ; 9**9**9*r ; r**9**9**9 ; 9**9**9**9**9 ; r**(9**9) ; 1e999999 ;
1e999999*r ; 1e-999999*r ; 1e1000*r**3 ; 1e120*r**3 ; 1e121*r**3 ; 1e-121*r**3 ; r**1e3 ; r**1e-3 ; r**1e-120 ; r**1e-200 ;
r**0.1234567890123456789 ; r**200*r**200 ; r**-200/r**200 ; (r**100)**100 ; (r**0.01)**0.01 ; ((r**3+1)**100)**100 ;
(1+r**3)**200 ; (1+r**3)**-200 ; (9+r**2)**-200 ; (3+r**2)**-150 ; exp(1e120*r) ; exp(-1e120*r) ; exp(-1e-120*r) ;
exp(-1e-120*r**2) ; exp(exp(exp(exp(r)))) ; exp(-exp(exp(exp(r)))) ; sin(1e100*r) ; 1/0 ; r/0 ; 1/(r-r) ; 1/(r**3-r**3) ;
0/0 ; 0**0 ; 0**-1 ; (r-r)**0 ; (r-r)**-1/2 ; (1-1)**r ; r**r ; 2**r ; exp**r ; r**exp(r) ; log(0) ; log(-1) ; log(-r) ;
log(r-1) ; log(sin(r)) ; log(log(r)) ; log(r-r) ; sqrt(-1) ; sqrt(0) ; sqrt(-r) ; sqrt(r-2) ; (r-2)**(1/3) ; (r-2)**0.5 ;
(-8)**(1/3)*r**3 ; (-r)**0.5 ; (-r)**2*sin(r) ; (-2*sin(r))**(1/2) ; ((r-1)**2)**(1/2) ; ((r-1)**3)**(1/3) ;
((-1)**2*sin(r))**1 ; (sin(r)**2)**0.5 ; sqrt(sin(r)) ; sqrt(1-r)**2 ; (1-r)**0.5*(1-r)**0.5 ; 1/(1/(r-r)) ; 1/sin(r) ;
1/(1-r) ; 1/(r*(1+r) - r - r**2) ; 1/(2*(1+r)-2-2*r) ; log(1+r-r)*sin(r) ; nan ; inf ; -inf ; NaN ; infinity ; i ; e ; E ;
I ; oo ; zoo ; Pi ; PI ; pi ; pi() ; pi(2) ; pi**pi ; r(2) ; r() ; 2r ; r2 ; r r ; r(r)(r) ; 2(r) ; (r)(r) ; rbf rbf ;
rbf*r ; rbf*rbf ; rbf**2 ; exp(rbf) ; rbf/rbf ; r/rbf ; 1/rbf ; rbf(r) ; rbf(pi) ; rbf(exp(0)) ; rbf(scale=r) ;
rbf(scale=0) ; rbf(scale=-1) ; rbf(scale=1e400) ; rbf(1,1) ; rbf(lengthscale=1,lengthscale=1) ; rbf(sigma=) ; rbf(=1) ;
rbf(1 1) ; rbf(rbf) ; rbf(sqrt(sqrt(2))) ; rbf(1/0) ; rbf(0/0) ; rbf(1e-500) ; rbf(-1) ; rbf(sqrt(-1)) ; rbf(__class__=1) ;
RBF ; Rbf ; rBf ; 0 ; -0 ; 0*rbf ; 0*r ; 1 ; -1 ; 1e1000*(1e1000*rbf) ; 1e1000*(1e1000*(1e1000*(1e1000*(1e1000*rbf)))) ;
1e100*(1e100*(rbf+sin(r))) ; log(1e100)*log(r) ; sqrt(2)**4*r**3 ; (2**(3/2))**(1/2)*r**3 ; 4**(1/4)*4**(1/4)*r**3 ;
(4*sqrt(1+r))**(1/2)*sin(r) ; ((sin(r)**2)**0.5)**4 ; 0*log(r-1) ; tanh(1e50*r) ; sech(1e50*r) ; erf(1e50*r) ;
r**199*r**-199
""".strip()),
    '`id`', '\\x00', '\x00', 'r\x00', 'r\x00+1', '\nr', 'r\n', 'r\r\nr', 'r\tr', 'r\n+\nr**3', '\ufeffr', 'r\u200b',
    '\u202er', '\u0435xp(-r)', '\uff52', '\uff11*r**3', 'r\xb2', '\u03c0*r', '\u221ar', '\u0661*r**3', '\xbd*r**3', '\u0967',
    '\U0001d45f', '\ud800', 'r\udfff', 'e\u0301xp(r)', '\u2212r', 'r\xd7r', 'r\u22c5r', 'r\u2217\u22172', '', ' ', '\t', '\n',
    '\x0b', '\xa0',
)  # fmt: skip


def enormous() -> Iterator[str]:
    """Yields texts that are long, deep, or grow when they are computed."""
    for n in (19, 20, 21, 500, 4000):
        yield "(" * n + "r" + ")" * n
        yield "(" * n
        yield "rbf(" * n
        for name in FUNCTIONS[:8]:
            yield f"{name}(" * n + "r" + ")" * n
        yield "besselk(1, " * n + "r" + ")" * n
        yield "1/(1+" * n + "r" + ")" * n
        yield "r**" * n + "2"
        yield "2**" * n + "r"
        yield "(" * n + "r" + "**2)" * n
        yield "sqrt(1+" * n + "r" + ")" * n
    for n in (7999, 8001, 100_000):
        yield from (
            "-" * (n - 1) + "r",
            "+" * (n - 1) + "r",
            "r" * n,
            "9" * n,
            " " * n,
            "0" * (n - 1) + "r",
            "." * n,
            "*" * n,
            "a1" * (n // 2),
        )
    for n in (100, 600, 1300):
        for pattern in (
            "sin({}*r)",
            "r**{}",
            "exp(-r**{})",
            "rbf({}+1)",
            "(1+r**{})",
            "1/({}+r**3)",
            "{}",
            "1/{}",
            "1e{}",
            "1/(1e{}+1)",
            "log({}+r)",
        ):
            parts = [pattern.format(i + 1) for i in range(n)]
            for joint in ("+", "*", "-", "/"):
                yield joint.join(parts)[:8000].rstrip("+-*/(.e")
    yield "1e1000*" * 1100 + "rbf"
    yield "3e999/7e999*" * 600 + "r**3"
    yield "exp(-r**4)" + "+rbf" * 1900
    yield "+".join(f"sin({i}*r)" for i in range(60)) + "+r" * 3500
    yield "*".join(f"sin({i}*r)" for i in range(60)) + "*r" * 3500
    yield "(" + "+".join(f"1e120*sin({i}*r)" for i in range(80)) + ")*7"
    yield "*".join(["(1+r+r**3+r**4+sin(r)+cos(r)+exp(r)+log(r))"] * 40)
    yield "*".join(f"(1+r**{i})" for i in range(3, 90))


TOKENS = (
    *FUNCTIONS, *NAMES, "r", "r", "r", "pi", "(", ")", "(", ")", "+", "-", "*", "/", "**", ",", "=", "1", "2", "3", "1/2", "0.5",
    "0", "-1", "1e3", "1e-9", "7/3", "lengthscale", "alpha", "scale", "gamma", "sqrt(2)", "(1+r)", "(1+r**2)", "exp(-r)", " ",
    "\n", "__", ".", "'", "\u00e9",
)  # fmt: skip


def soup(rng: random.Random) -> str:
    return "".join(rng.choice(TOKENS) for _ in range(rng.randint(1, 40)))


def mutated(rng: random.Random) -> str:
    """A valid text, or one of the grammar, with some characters changed, left out, doubled or inserted."""
    text = list(rng.choice(VALID) if rng.random() < 0.5 else formula(rng, 4))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text)) if text else 0
        kind = rng.randrange(5)
        if kind == 0:
            text[at : at + 1] = chr(rng.choice([rng.randrange(32, 127), rng.randrange(256), rng.randrange(0x3000)]))
        elif kind == 1:
            del text[at : at + rng.randint(1, 3)]
        elif kind == 2:
            text[at:at] = text[at : at + rng.randint(1, 8)] * rng.randint(1, 20)
        elif kind == 3:
            text[at:at] = rng.choice(TOKENS)
        else:
            text[at : at + 1] = rng.choice("()*/+-,=0123456789.e r")
    return "".join(text)


def number(rng: random.Random) -> str:
    return rng.choice(["0", "1", "2", "3", "7", "1/2", "2/3", "0.25", "1.5", "-1", "-2", "5/4", "1e-2", "1/3", "4", "9/4", "12"])


def formula(rng: random.Random, depth: int, leaf: str = "r") -> str:
    """A text of the grammar with functions of r, mostly without kernels' names."""
    if depth <= 0 or rng.random() < 0.1:
        return rng.choice([leaf, leaf, leaf, "pi", number(rng), f"{leaf}**2", f"sqrt({leaf})", f"sqrt({rng.randint(1, 9)})"])
    one = lambda: formula(rng, depth - 1 - (rng.random() < 0.3), leaf)  # noqa: E731
    match rng.randrange(12):
        case 0 | 1:
            return f"{one()} {rng.choice('+-')} {one()}"
        case 2 | 3:
            return f"({one()})*({one()})"
        case 4:
            return f"({one()})/({one()})"
        case 5 | 6 | 7:
            return f"({one()})**({number(rng)})"
        case 8:
            return f"-({one()})"
        case 9:
            return f"{rng.choice(['besselk', 'besselj'])}({number(rng)}, {one()})"
        case 10:
            return f"({one()}) + {rng.choice(NAMES)}" if leaf == "r" and rng.random() < 0.3 else f"2*({one()})"
    return f"{rng.choice(FUNCTIONS[:8])}({one()})"


def strings(count: int, seed: int) -> Iterator[str]:
    """Yields ``count`` hostile texts: every attack, every enormous one, then mutations, grammar and soup in turn."""
    rng = random.Random(seed)
    fixed = [*ATTACKS, *VALID, *enormous()] if count >= 2000 else []
    yield from fixed
    makers = (soup, mutated, lambda rng: formula(rng, 5), mutated, lambda rng: formula(rng, rng.randint(1, 8)))
    for i in range(count - len(fixed)):
        yield makers[i % len(makers)](rng)


def outcome(text: str, parse, wrong: type[Exception]) -> str:
    """Returns what the parser made of a text: "kernel", "refused", or a complaint."""
    try:
        kernel = parse(text)
    except wrong as problem:
        message = str(problem)
        if "normal form here" in message:
            return f"no normal form: {message}"
        return (
            "refused"
            if message and "\n" not in message and "\r" not in message and len(message) < 500
            else f"message: {message!r}"
        )
    except BaseException as problem:
        return f"{type(problem).__name__}: {problem}"[:300]
    again = parse(kernel.text)
    return "kernel" if again == kernel and hash(again) == hash(kernel) and again.text == kernel.text else f"read back as {again}"


def audited(count: int, seed: int) -> dict[str, object]:
    """Returns a report about ``count`` texts, read under an audit hook: events, complaints, the slowest, the memory."""
    import resource

    from wgflow.arithmetic.number import InputError
    from wgflow.kernels.text import parse

    for text in (*VALID, "1e1000*(1e1000*rbf)", "rbg"):  # every module is loaded from here on
        outcome(text, parse, InputError)
    events: list[str] = []
    watching = False

    def hook(event: str, arguments: tuple) -> None:
        if watching:
            events.append(f"{event} {arguments!r}"[:200])

    sys.addaudithook(hook)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    complaints: list[tuple[str, str]] = []
    counts = {"kernel": 0, "refused": 0}
    slowest, slow_text = 0.0, ""
    for text in strings(count, seed):
        start = time.process_time()
        watching = True
        found = outcome(text, parse, InputError)
        watching = False
        took = time.process_time() - start
        if took > slowest:
            slowest, slow_text = took, text[:100]
        if found in counts:
            counts[found] += 1
        elif len(complaints) < 20:
            complaints.append((text[:200].encode("unicode_escape").decode(), found))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    return {
        **counts,
        "events": events[:20],
        "complaints": complaints,
        "slowest": slowest,
        "slowest text": slow_text,
        "MiB": grown,
    }


if __name__ == "__main__":
    print(json.dumps(audited(int(sys.argv[1]), int(sys.argv[2]))))
