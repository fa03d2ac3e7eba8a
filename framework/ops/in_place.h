// In-place variants of ops: how x.add_(y) writes the result of add(x, y) into x, safely.
//
// When nothing is recorded, x gets new elements and a new version, so that a graph that saved the
// old ones reports it (autograd/saved_tensor.h). When the result takes part in a graph, x becomes
// that result: its node is the op's, and what the op saves of the old x is a copy.
#pragma once

#include "framework/ops/apply.h"

namespace gradus::ops {

/// Throws StateError where an in-place write to `x` would change a leaf of the graph, or give a
/// graph to memory that other tensors see. `recorded`: the new elements take part in a graph.
void check_in_place(const Tensor& x, const char* writer, bool recorded);

/// Writes `result` into `x`, which takes over its node. Throws where shape or kind of dtype do not
/// fit. `writer` is a literal.
void write_in_place(const Tensor& x, const Tensor& result, const char* writer);

/// What an in-place op reads for x: x itself, or a copy of it in the same place of the graph.
Tensor before_write(const Tensor& x, std::initializer_list<Tensor> others);

/// x = compute(x): `others` are the tensors that `compute` reads besides x.
template <class Compute>
Tensor in_place(const Tensor& x, std::initializer_list<Tensor> others, const char* writer,
                const Location& at, Compute compute) {
  const CallSite site(at);
  try {
    check_in_place(x, writer, false);
    write_in_place(x, compute(before_write(x, others)), writer);
    return x;
  } catch (Error& error) {
    error.locate(at);
    throw;
  }
}

}  // namespace gradus::ops
