"""sqrt, cbrt and powers of floats."""

from featurelib.intrinsics import (
    f64_abs,
    f64_bits,
    f64_copysign,
    f64_div,
    f64_floor,
    f64_from_bits,
    f64_rint,
    f64_sqrt,
    i64_from_f64,
    i64_sub,
    u64_add,
    u64_and,
    u64_div,
    u64_mul,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
)
from featurelib.op import Float, inlined, op
from featurelib.ops.elementary.double import head, ordered_sum, two_product, two_sum
from featurelib.ops.elementary.exp import exp_unscaled, scaled
from featurelib.ops.elementary.log import log_reduced

INF = float("inf")
NAN = float("nan")
FRACTION = 0x000FFFFFFFFFFFFF
ONE_BITS = 0x3FF0000000000000
SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST_EXPONENT = 36893488147419103232.0  # 2**65: beyond it every power but 1's is 0 or infinite

# A first guess of cbrt(m), 1 <= m < 8, within 0.5 %.
CBRT_0 = 0.6538962985569791
CBRT_1 = 0.4121814779629245
CBRT_2 = -0.06797280035500547
CBRT_3 = 0.0069891694835587225
CBRT_4 = -0.0002882199346276574

LN2_HIGH = 0.6931471805598903  # 42 bits: times an exponent it is exact
LN2_LOW = 5.497923018708371e-14
# log(1 + z) = z - z**2 / 2 + z**3 (POW_0 + POW_1 z + ...), |z| <= 1 / 128
POW_0 = 0.3333333333333333
POW_1 = -0.2500000000000025
POW_2 = 0.20000000000000226
POW_3 = -0.1666666663406768
POW_4 = 0.14285714256078808
POW_5 = -0.1250106818314722
POW_6 = 0.11112082187649364
# log(128 / i), i = 90 ... 182: a multiple of 2**-42, so that k * LN2_HIGH adds to it without error,
# and the rest.
# fmt: off
RECIPROCAL_LOG_HIGH = (
    0.35222059358943625, 0.3411707574027787, 0.33024168687052224, 0.3194307707663029,
    0.30873548164959175, 0.29815337231912054, 0.28768207245184385, 0.27731928541629713,
    0.2670627852489815, 0.25691041378513546, 0.2468600779316148, 0.2369097470784709,
    0.22705745063535687, 0.21730127569003344, 0.20763936477828793, 0.19806991376208316,
    0.18859116980752333, 0.17920142945763473, 0.16989903679541385, 0.16068238169054894,
    0.151549898127314, 0.14250006260726877, 0.13353139262449076, 0.12464244520720058,
    0.11583181552509814, 0.10709813555627079, 0.09844007281321865, 0.08985632912185793,
    0.08134563945395712, 0.07290677080800378, 0.0645385211375924, 0.05623971832278585,
    0.04800921918626955, 0.039845908547249564, 0.03174869831468641, 0.023716526617363343,
    0.01574835696806076, 0.007843177460927109, 0.0, -0.0077821404420319595,
    -0.015504186535963527, -0.023167059281604452, -0.03077165866670839, -0.03831886430202758,
    -0.0458095360313564, -0.053244514518837605, -0.06062462181648698, -0.06795066190852594,
    -0.07522342123752424, -0.08244366921098845, -0.08961215868976069, -0.09672962645845473,
    -0.10379679368156758, -0.11081436634026431, -0.11778303565643, -0.1247034785010328,
    -0.13157635778861732, -0.13840232285906495, -0.14518200984457508, -0.15191604202573217,
    -0.15860503017665906, -0.16524957289539088, -0.17185025692674571, -0.17840765747291698,
    -0.18492233849406148, -0.19139485299956505, -0.19782574332998593, -0.2042155414287663,
    -0.21056476910735, -0.21687393830052315, -0.22314355131425145, -0.22937410106487732,
    -0.23556607131286, -0.2417199368871934, -0.2478361639045943, -0.25391520998095984,
    -0.25995752443691345, -0.2659635484972114, -0.2719337154835557, -0.27786845100354185,
    -0.28376817313073843, -0.28963329258294834, -0.2954642128938758, -0.3012613305781997,
    -0.30702503529482783, -0.31275571000378477, -0.31845373111855224, -0.32411946865431673,
    -0.32975328637257917, -0.3353555419212171, -0.34092658697068146, -0.3464667673461008,
    -0.35197642315711164,
)
RECIPROCAL_LOG_LOW = (
    -8.414918193489195e-14, -1.156568624616423e-14, 5.4612144489920215e-14,
    5.834357420090924e-14, 2.1522127491642888e-14, -4.4204083338755686e-14,
    -6.292357389008195e-14, -6.279055732660844e-14, 6.371947269815667e-14,
    -1.0822171646799124e-13, -8.899851356560444e-14, -1.1318526912023687e-13,
    -1.078736749871691e-14, -5.204008743405884e-14, -4.3425422595242564e-14,
    1.0634128304268335e-14, 2.6693431578015818e-14, 7.626153677429339e-14,
    -1.6376276414097503e-14, -7.547106028244807e-14, -1.1307104809870373e-13,
    1.4256439478199035e-14, 3.1859736349078334e-14, 7.601671269852866e-14,
    2.3568822182038756e-14, 9.631011033519217e-14, 3.3871241029241416e-14,
    3.1218748807418837e-15, -4.713370778300984e-15, 8.399594274044337e-14,
    -2.1225608044809997e-14, 9.023009281142904e-14, 9.106054379130929e-14,
    -4.9893776716773285e-14, -1.0610652735224087e-13, -4.730054772033249e-14,
    7.840703382506278e-14, 9.878410481031469e-14, 0.0, -2.298941004620351e-14,
    -1.7274567499706107e-15, 7.007359704310036e-14, -4.529814257790929e-14,
    -1.0902154302203302e-13, 6.219834199475792e-14, 2.532168943117445e-14, 5.213620639136504e-14,
    1.8195060030168815e-14, -6.329065958724544e-14, -8.614512936087814e-14,
    7.355770219435029e-14, -9.638067658552277e-14, -7.598636597194141e-14,
    -2.5799991283069902e-14, 4.654729747598445e-14, 7.556920687451337e-14,
    -1.0195735223708473e-13, -5.4183331379008994e-14, 7.718001336828099e-14,
    -1.0980754099855238e-13, 2.0472357800461955e-14, 8.372091099235912e-14,
    8.649239607212071e-14, 9.86835038673495e-14, 4.9485167661250996e-14, -6.440856150696892e-14,
    6.604544877082384e-14, 7.540916511956189e-14, 3.6507188831790577e-16, -9.120937249914984e-14,
    4.169796584527195e-14, 3.149265065191484e-14, 9.30945949519689e-14, 4.8230289429940886e-14,
    1.3029797173308663e-14, -3.600176732637335e-15, -1.2621729398885316e-14,
    7.343591369867797e-14, -8.604306772808733e-14, 8.554360006566322e-14, 9.3834172236637e-14,
    -9.43339818951269e-14, 3.993416384387844e-14, 3.7923164802093147e-14, -8.403156304792425e-14,
    -1.1211800740360982e-13, 1.7625431312172662e-14, 1.0475750058776541e-13,
    1.1118671389559323e-13, 7.925157831386559e-14, 8.82452633212564e-14, -1.077574303757264e-13,
    -6.654491643324795e-14,
)
# fmt: on


@op("sqrt", version=1)
@inlined
def sqrt(x: Float) -> Float:
    """Square root, correctly rounded; NaN below zero."""
    return f64_sqrt(x)


@op("cbrt", version=1)
@inlined
def cbrt(x: Float) -> Float:
    """Cube root, with the sign of x; exact at cubes."""
    a = f64_abs(x)
    tiny = a < SMALLEST_NORMAL
    bits = f64_bits(a * 18014398509481984.0 if tiny else a)
    # x = m * 2**(3 t), 1 <= m < 8; the exponent is counted from -1023 = 3 * -341.
    exponent = u64_shr(bits, 52)
    third = u64_div(exponent, 3)
    left = u64_sub(exponent, u64_mul(third, 3))
    m = f64_from_bits(u64_or(u64_and(bits, FRACTION), u64_add(ONE_BITS, u64_shl(left, 52))))
    z = m * m
    y = (CBRT_0 + CBRT_1 * m) + ((CBRT_2 + CBRT_3 * m) + CBRT_4 * z) * z
    # Halley's step, twice: on doubles, then from 26 bits with the exact remainder.
    cube = y * y * y
    y = head(y + y * f64_div(m - cube, 2.0 * cube + m))
    square = y * y
    square_head = head(square)
    remainder = (m - square_head * y) - (square - square_head) * y
    cube = square * y
    root = y + y * f64_div(remainder, 2.0 * cube + m)
    scale = f64_from_bits(u64_shl(u64_add(third, 682), 52))
    finite = root * (scale * 3.814697265625e-06 if tiny else scale)
    return f64_copysign(finite, x) if a > 0.0 and a < INF else x


@inlined
def log_precise(x):
    """log(x) as parts with 68 bits, for a positive finite x."""
    k, m = log_reduced(x)
    eighths = f64_rint(f64_div(128.0, m))
    i = i64_sub(i64_from_f64(eighths), 90)
    c = 0.0078125 * eighths
    m1 = head(m)
    z = (m1 * c - 1.0) + (m - m1) * c
    z1 = head(z)
    w = z * z
    p = (POW_0 + POW_1 * z) + ((POW_2 + POW_3 * z) + ((POW_4 + POW_5 * z) + POW_6 * w) * w) * w
    s, s_low = two_sum(k * LN2_HIGH + RECIPROCAL_LOG_HIGH[i], z)
    t, t_low = two_sum(s, -0.5 * z1 * z1)
    tail = (k * LN2_LOW + RECIPROCAL_LOG_LOW[i]) + ((z * w) * p - 0.5 * (z - z1) * (z + z1))
    return ordered_sum(t, (s_low + t_low) + tail)


@op("pow", version=1, promote=True)
@inlined
def power(x: Float, y: Float) -> Float:
    """x to the power y; 1 for y = 0 and for x = 1 even where the other is NaN, as in IEEE 754."""
    a = f64_abs(x)
    bounded = f64_copysign(LARGEST_EXPONENT, y) if f64_abs(y) > LARGEST_EXPONENT else y
    log_x, log_x_low = log_precise(a if a > 0.0 and a < INF else 1.0)
    p, p_low = two_product(bounded, log_x)
    p_low = p_low + bounded * log_x_low
    over = p > 720.0
    under = p < -760.0
    cut = over or under
    high, low, k = exp_unscaled(720.0 if over else (-760.0 if under else p), 0.0 if cut else p_low)
    positive = y > 0.0
    edge = 0.0 if (a == 0.0) == positive else INF
    size = edge if a == 0.0 or a == INF else scaled(high + low, k)
    whole = f64_floor(y) == y
    odd = whole and f64_floor(0.5 * y) * 2.0 != y
    signed = -size if odd and f64_copysign(1.0, x) < 0.0 else size
    real = NAN if x < 0.0 and a < INF and not whole else signed
    known = NAN if x != x or y != y else real
    return 1.0 if y == 0.0 or x == 1.0 else known
