// One trace as numbered values and the calls between them.
#pragma once

#include "framework/nn/module.h"
#include "framework/onnx/program.h"

namespace gradus::onnx {

struct TracedValue {
  Value::Kind kind = Value::Kind::Result;
  std::string name;  ///< of a parameter
  Tensor tensor;
};

struct TracedCall {
  const ops::Trace::Call* call = nullptr;
  std::vector<ValueId> inputs;   ///< those that are attributes behind the others
  std::vector<ValueId> results;  ///< the output first
};

/// A trace in which equal models give equal numbers. Calls on constants alone are not in it: their
/// results are constants.
struct TracedProgram {
  std::vector<TracedValue> values;
  std::vector<TracedCall> calls;
  ValueId output = 0;
};

/// Value 0 is the input. Throws ValueError where elements are read that no op, parameter or input
/// gave: a view made otherwise, or memory that was written in place since.
TracedProgram read_trace(const ops::Trace& trace, const nn::StateDict& parameters,
                         const ops::Trace::Seen& input, const ops::Trace::Seen& output);

}  // namespace gradus::onnx
