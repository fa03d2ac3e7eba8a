// A model as an ONNX file (https://onnx.ai): what it computes in evaluation, for any number of
// examples.
//
//   const std::string file = onnx::export_model(net, images, {.name = "classifier"});
//
// The file has IR version 8 and opset 17, one input "input" and one output "output" whose first dim
// is "N", and weights under their names in the state dict. Dropout is gone, batch norms use their
// running statistics; all is in the dtypes of the weights, without mixed precision. Sizes other
// than the batch are those of the examples.
#pragma once

#include "framework/nn/module.h"
#include "framework/onnx/facts.h"

namespace gradus::onnx {

/// The bytes of the file. `examples` [M, ...] are inputs of the model, which should differ; a dozen
/// is best, one is enough. Throws ValueError that names the op and the layer for what has no form
/// in ONNX, or is not the same function for any number of examples (program.h says what is).
std::string export_model(nn::Module& model, const Tensor& examples, const Facts& facts = {});

}  // namespace gradus::onnx
