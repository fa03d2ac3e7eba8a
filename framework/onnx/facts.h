// What an ONNX file says of itself.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gradus::onnx {

struct Facts {
  std::string name = "model";  ///< of the graph
  std::string doc{};
  std::vector<std::pair<std::string, std::string>> metadata{};  ///< any keys and texts
};

}  // namespace gradus::onnx
