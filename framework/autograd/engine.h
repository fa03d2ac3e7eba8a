// The backward engine: walks the graph from outputs to leaves and computes gradients.
//
// Each node runs once, when the gradients of all its uses are in. A use has a slot of its own,
// fixed by the shape of the graph, and slots are summed in order: the bits depend neither on
// threads nor on timing. Independent branches with enough work run as tasks of the shared arena; a
// chain or a graph of small nodes runs on the calling thread. Nothing recurses. Leaves receive
// their gradients at the very end, so an exception leaves no half-made ones. Thread rules: several
// threads may call at once, also on graphs that share leaves, but not on graphs that share interior
// nodes.
#pragma once

#include "framework/autograd/node.h"

#include <span>
#include <vector>

namespace gradus {

/// The gradients of `outputs` with respect to `inputs` (leaves or results within the graph),
/// without touching any grad(). `grad_outputs` weigh the outputs; undefined or missing ones are
/// taken as 1 and need an output of one element.
/// Throws StateError when an input is no part of the graph, unless `allow_unused`: then its
/// gradient is undefined.
///
///   auto dy = gradus::grad({y}, {x}, {}, {.create_graph = true})[0];
///   auto d2y = gradus::grad({dy.sum()}, {x})[0];
std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> grad_outputs = {}, BackwardOptions options = {},
                         bool allow_unused = false);
std::vector<Tensor> grad(std::initializer_list<Tensor> outputs,
                         std::initializer_list<Tensor> inputs,
                         std::initializer_list<Tensor> grad_outputs = {},
                         BackwardOptions options = {}, bool allow_unused = false);

/// backward() of several outputs at once.
void backward(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs = {},
              BackwardOptions options = {});

namespace autograd {

/// a + b, recorded when the grad mode asks for it. Declared here and defined by the ops, as are the
/// next: the operations that this layer itself needs.
Tensor add_gradients(const Tensor& a, const Tensor& b);
/// The same into a's memory, unrecorded; a is dense, and both have one shape and dtype.
void add_to_gradient(const Tensor& a, const Tensor& b);
/// The sum of a * weights, likewise.
Tensor weighted_total(const Tensor& a, const Tensor& weights);

}  // namespace autograd
}  // namespace gradus
