// The recurrence of RNN, LSTM and GRU layers (nn/recurrent_layers.h), one layer in one direction.
#pragma once

#include "framework/kernels/recurrent.h"
#include "framework/tensor/tensor.h"

namespace gradus {

using kernels::RecurrentCell;

/// The states after each of T steps, [T, S, N, H]: S is 2 for an LSTM (h, then c), else 1. x [T, N,
/// G * H] is the share of the inputs in the G gates (4 of an LSTM: i, f, g, o; 3 of a GRU: r, z, n;
/// else 1), biases included. weight [G * H, H] multiplies h; if it has H + 1 columns, the last one
/// is the bias beside that product. state [S, N, H] is that before the first step. For the formulas
/// see RecurrentCell. Throws ShapeError, also for no steps.
///   Tensor states = recurrent(RecurrentCell::LSTM, linear(x, weight_ih, bias_ih), weight_hh,
///                             zeros({2, n, h}));
Tensor recurrent(RecurrentCell cell, const Tensor& x, const Tensor& weight, const Tensor& state,
                 Location at = Location::current());

}  // namespace gradus
