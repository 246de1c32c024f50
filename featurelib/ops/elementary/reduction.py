"""x less the nearest multiple of pi / 2, for every double."""

from featurelib.intrinsics import (
    f64_abs,
    f64_bits,
    f64_from_bits,
    f64_from_u64,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_from_u64,
    i64_shr,
    i64_sub,
    u64_add,
    u64_and,
    u64_clz,
    u64_from_i64,
    u64_mul,
    u64_mulhi,
    u64_or,
    u64_shl,
    u64_shr,
    u64_sub,
    u64_xor,
)
from featurelib.op import inlined, kernel_function
from featurelib.ops.elementary.double import ordered_sum, two_product, two_sum

TWO_OVER_PI_FLOAT = 0.6366197723675814
ROUNDER = 6755399441055744.0  # 1.5 * 2**52: adding it leaves the whole part in the low bits
# pi / 2 in three parts of 33 bits and a rest: times a whole number below 2**20 they are exact.
PIO2_A = 1.5707963267341256
PIO2_B = 6.077100506303966e-11
PIO2_C = 2.0222662487111665e-21
PIO2_D = 8.4784276603689e-32
PIO2 = 1.5707963267948966
PIO2_LOW = 6.123233995736766e-17
LARGEST_MEDIUM = 1000000.0
FRACTION = 0x000FFFFFFFFFFFFF
HIDDEN = 0x0010000000000000

# The bits of 2 / pi behind 64 zeros, in words of 64 read as signed.
TWO_OVER_PI = (
    0,
    -6703182060581546711,
    -277156292786332224,
    -2638381946312093631,
    -121206125134887583,
    -5249950069107600672,
    452944820249399836,
    -135693905287338178,
    -1692731182770600828,
    -1613291254968254911,
    4148332274289687028,
    -7168499653074671557,
    2303758334597371919,
    -1211730484530615009,
    7869616827067468215,
    5712322887342352941,
    8441921394348257659,
    4397547296490951402,
    7780917995555872008,
    6197850593633725355,
    -1094449336203069923,
)


@inlined
def reduced_medium(x):
    """x = n pi / 2 + r + r_low for |x| <= 10**6: gives r, r_low and n modulo 2**51."""
    shifted = x * TWO_OVER_PI_FLOAT + ROUNDER
    n = shifted - ROUNDER
    first = x - n * PIO2_A
    second, second_low = two_sum(first, -(n * PIO2_B))
    third, third_low = two_sum(second, -(n * PIO2_C))
    r, r_low = two_sum(third, (second_low + third_low) - n * PIO2_D)
    return r, r_low, i64_from_u64(f64_bits(shifted))


@kernel_function
def word(position):
    """The 64 bits of 2 / pi from this bit position on."""
    i = i64_shr(position, 6)
    shift = i64_and(position, 63)
    return u64_or(
        u64_shl(u64_from_i64(TWO_OVER_PI[i]), shift),
        u64_shr(u64_from_i64(TWO_OVER_PI[i64_add(i, 1)]), i64_sub(64, shift)),
    )


@kernel_function
def reduced_large(x):
    """As `reduced_medium` for |x| >= 2**10, by exact integers: 192 bits of x * 2 / pi modulo 4.

    The bits of 2 / pi that would only add multiples of 4, and those after the 192nd, are left out:
    137 of the product's bits are right, and no double comes nearer than 2**-62 to a multiple.
    """
    bits = f64_bits(f64_abs(x))
    significand = u64_or(u64_and(bits, FRACTION), HIDDEN)
    position = i64_sub(i64_from_u64(u64_shr(bits, 52)), 1013)  # exponent - 1075 + 62
    high = word(position)
    middle = word(i64_add(position, 64))
    low = word(i64_add(position, 128))
    p0 = u64_mul(significand, low)
    carried = u64_mulhi(significand, low)
    p1 = u64_add(u64_mul(significand, middle), carried)
    carry = u64_from_i64(i64_from_bool(p1 < carried))
    p2 = u64_add(u64_add(u64_mul(significand, high), u64_mulhi(significand, middle)), carry)
    # The two top bits are the whole part; the rest, as a signed fraction, rounds it to nearest.
    f2 = u64_or(u64_shl(p2, 2), u64_shr(p1, 62))
    f1 = u64_or(u64_shl(p1, 2), u64_shr(p0, 62))
    above_half = u64_shr(f2, 63)
    n = i64_from_u64(u64_add(u64_shr(p2, 62), above_half))
    mask = u64_sub(0, above_half)
    g2 = u64_xor(f2, mask)
    g1 = u64_xor(f1, mask)
    zeros = u64_clz(g2)
    d2 = u64_or(u64_shl(g2, zeros), u64_shr(g1, i64_sub(64, zeros)))
    d1 = u64_shl(g1, zeros)
    # 53 bits, then the next 53; scaled by 2**-53 and by 2**-106, and by the zeros cut off.
    scale = f64_from_bits(u64_shl(u64_from_i64(i64_sub(970, zeros)), 52))
    top = f64_from_u64(u64_shr(d2, 11)) * scale
    rest = f64_from_u64(u64_or(u64_shl(u64_and(d2, 0x7FF), 42), u64_shr(d1, 22))) * (
        scale * 1.1102230246251565e-16
    )
    r, r_low = two_product(top, PIO2)
    r, r_low = ordered_sum(r, r_low + (top * PIO2_LOW + rest * PIO2))
    flip = (x < 0.0) != (i64_from_u64(above_half) == 1)
    n = i64_sub(0, n) if x < 0.0 else n
    return (-r if flip else r), (-r_low if flip else r_low), n


@inlined
def reduced(x):
    """x = n pi / 2 + r + r_low, |r| at most a little over pi / 4: gives r, r_low and n modulo 4."""
    if f64_abs(x) <= LARGEST_MEDIUM:
        return reduced_medium(x)
    return reduced_large(x)
