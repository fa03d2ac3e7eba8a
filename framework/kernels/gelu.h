// gelu: x times the normal distribution's function at x, or the usual approximation by tanh.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// Floating views of one dtype, dense and in one layout.
void gelu(const View& out, const View& x, bool by_tanh);

/// gx = g times the derivative at x.
void gelu_grad(const View& gx, const View& g, const View& x, bool by_tanh);

}  // namespace gradus::kernels
