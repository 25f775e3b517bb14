"""The number systems that a formula of wgflow runs in.

A formula receives its arithmetic as an object ``ops`` and uses exact constants only, so the same lines are
proved (``ball``), plotted (``floating``), printed (``symbol``), compiled (``compiled``) and compared exactly
(``exact``); ``dual`` adds the derivative to any of them. What every arithmetic offers:

=========================  =====================================================================
``ops.number(q)``          the rational q
``ops.pi``                 the number pi
``ops.exp, log, log1p``    elementary functions; also ``ops.sqrt``
``ops.power(x, q)``        x**q, x > 0, q rational (or a symbol)
``ops.gamma(q)``           Gamma function of a rational (or a symbol)
``ops.log_zk(v, z2)``       log(z^v K_v(z)), z = sqrt(z2) > 0, any real v
``ops.hyp0f1(b, x)``       0F1(; b; x)
``ops.hyp1f2(a, m, x)``    1F2(a; a + m/2, a + (m+1)/2; x), x <= 0
``ops.positive_part(x)``   max(x, 0)
``ops.step(x)``            1 for x > 0, else 0
=========================  =====================================================================

``exact`` offers the part that amplitudes need (number, pi, power, gamma); the others offer all of it.
"""
