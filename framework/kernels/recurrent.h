// One step of a recurrent layer, element by element; the products are the caller's.
//
// H is the width of a state, S the number of states and G that of gates (below). A state is a dense
// [S, N, H], all Views here are dense and of one floating dtype. Rows run at once, in chunks fixed
// by the sizes.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// With a = x + h, gate by gate, s the sigmoid and h' the state before:
///   Tanh, ReLU:  h = f(a)
///   LSTM:        i, f, g, o = s(a1), s(a2), tanh(a3), s(a4);  c = f c' + i g;  h = o tanh(c)
///   GRU:         r, z = s(a1), s(a2);  n = tanh(x3 + r h3);  h = (1 - z) n + z h'
/// The order of gates is PyTorch's.
enum class RecurrentCell : std::uint8_t { Tanh, ReLU, LSTM, GRU };

/// G.
constexpr std::int64_t gates_of(RecurrentCell cell) {
  return cell == RecurrentCell::LSTM ? 4 : cell == RecurrentCell::GRU ? 3 : 1;
}
/// S: h, and c of an LSTM.
constexpr std::int64_t states_of(RecurrentCell cell) {
  return cell == RecurrentCell::LSTM ? 2 : 1;
}
/// How many values of width H the gradient needs beside the states.
constexpr std::int64_t kept_of(RecurrentCell cell) {
  return gates_of(cell) == 1 ? 0 : 4;
}

struct RecurrentStep {
  View state;  ///< before the step
  View next;   ///< after it
  View kept;   ///< [N, kept_of * H]
};

/// Fills `next` and `kept` from x and h [N, G * H].
void recurrent_step(RecurrentCell cell, const RecurrentStep& step, const View& x, const View& h);

/// The gradients of x and h (which may share their memory, except for a GRU), and in the place of
/// `gstate`, the gradient of `next`, that of `state` without what comes through h. gh_next [N, H],
/// where it has data, is added to the gradient of next's h before.
void recurrent_step_grad(RecurrentCell cell, const RecurrentStep& step, const View& gx,
                         const View& gh, const View& gstate, const View& gh_next);

}  // namespace gradus::kernels
