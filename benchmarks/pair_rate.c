/* The pair rate of C vectorized by hand: g_i = sum_j w_j exp(c |x_i - s_j|^2) (x_i - s_j) in the plane, c <= 0.

   gcc -O3 -march=native -ffast-math -mprefer-vector-width=512 -shared -fPIC pair_rate.c -o pair_rate.so
   Points come in blocks of ROWS * LANES; the caller fills up the last one. Arguments below 2^-1000 are not looked after. */
#include <stdint.h>
#include <string.h>

#define LANES 8
#define ROWS 2 /* vectors of points held in registers; 1, 3 and 4 are no faster */
typedef double reals __attribute__((vector_size(8 * LANES)));
typedef int64_t wholes __attribute__((vector_size(8 * LANES)));

static inline reals exp2_of(reals t) {
    /* 2^t = 2^k 2^f, k = round(t): minimax polynomial of degree 10 for |f| <= 1/2, about 3e-16 */
    const reals magic = (reals){} + 6755399441055744.0; /* 1.5 * 2^52: the sum has k in its low bits */
    reals shifted = t + magic;
    __asm__("" : "+v"(shifted)); /* -ffast-math would cancel the two shifts */
    reals f = t - (shifted - magic);
    reals p = (reals){} + 7.0549116208011e-9;
    p = p * f + 1.01780860092397e-7;
    p = p * f + 1.32154867901443e-6;
    p = p * f + 1.52527338040598e-5;
    p = p * f + 1.54035303933816e-4;
    p = p * f + 1.33335581464284e-3;
    p = p * f + 9.61812910762848e-3;
    p = p * f + 5.55041086648216e-2;
    p = p * f + 2.40226506959101e-1;
    p = p * f + 6.93147180559945e-1;
    p = p * f + 1.0;
    return (reals)((wholes)p + ((wholes)shifted << 52));
}

void gaussian_gradient(long points, long sources, const double *x, const double *y, const double *s, const double *t,
                       const double *w, double c, double *gx, double *gy) {
    const double in_twos = c * 1.4426950408889634;
    for (long i = 0; i < points; i += ROWS * LANES) {
        reals X[ROWS], Y[ROWS], GX[ROWS] = {}, GY[ROWS] = {};
        memcpy(X, x + i, sizeof X);
        memcpy(Y, y + i, sizeof Y);
        for (long j = 0; j < sources; j++) {
#pragma GCC unroll 8
            for (int r = 0; r < ROWS; r++) {
                reals dx = X[r] - s[j], dy = Y[r] - t[j];
                reals f = exp2_of((dx * dx + dy * dy) * in_twos) * w[j];
                GX[r] += f * dx;
                GY[r] += f * dy;
            }
        }
        memcpy(gx + i, GX, sizeof GX);
        memcpy(gy + i, GY, sizeof GY);
    }
}
