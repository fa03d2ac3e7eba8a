// What is in an ONNX file, of any program: its graph's inputs, outputs and nodes, and its weights.
// It is read to be shown, not to be computed.
//
//   const onnx::Content model = onnx::parse_model(bytes, "model.onnx");
//   std::cout << model.nodes.at("Conv") << " convolutions\n";
#pragma once

#include "framework/nn/module.h"

#include <map>
#include <optional>

namespace gradus::onnx {

/// An input or an output of a graph.
struct ValueInfo {
  /// A size, or the name of one; where neither is there it may be any.
  struct Dim {
    std::optional<std::int64_t> size{};
    std::string name{};
  };
  std::string name;
  std::string dtype;  ///< "float32"; "" where it is no tensor
  std::vector<Dim> dims{};
};

struct Content {
  std::int64_t ir_version = 0;
  std::map<std::string, std::int64_t> opsets{};  ///< versions by domain; "" is ONNX's own
  std::string producer;                          ///< name and version of the program
  std::string graph;                             ///< its name
  std::string doc;
  std::map<std::string, std::string> metadata{};
  std::vector<ValueInfo> inputs{};  ///< without those that have a weight as a default
  std::vector<ValueInfo> outputs{};
  std::map<std::string, std::int64_t> nodes{};  ///< how many there are of each type of op
  nn::StateDict weights{};                      ///< the initializers
  /// By name, the dtype in the file of those weights that are read as wider ones.
  std::map<std::string, std::string> stored_as{};
};

/// Of a file's bytes; `name` is what errors call it. Throws FileError, with what is wrong, for what
/// is no ONNX file, and for weights that it does not have whole: of strings, complex numbers or
/// uint64, or in another file.
Content parse_model(std::string_view bytes, const std::string& name);

}  // namespace gradus::onnx
