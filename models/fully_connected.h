// Fully connected layers in a row, for models that are made of such parts.
#pragma once

#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"

#include <nlohmann/json.hpp>

namespace gradus {

/// Linear layers from sizes[0] to sizes[1] and on, with the activation of that name between them,
/// and after the last one too if `activates_last`. Children are numbered, activations too.
inline nn::Sequential fully_connected(const std::vector<std::int64_t>& sizes,
                                      const std::string& activation, bool activates_last) {
  nn::Sequential net;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    net->push_back(nn::Linear(sizes[i - 1], sizes[i]));
    if (i + 1 == sizes.size() && !activates_last) break;
    net->push_back(nn::layers().make({{"type", activation}}));
  }
  return net;
}

/// `first`, the sizes between, forwards or backwards, and `last`.
inline std::vector<std::int64_t> sizes_between(std::int64_t first, std::vector<std::int64_t> hidden,
                                               std::int64_t last, bool backwards = false) {
  if (backwards) hidden = {hidden.rbegin(), hidden.rend()};
  hidden.insert(hidden.begin(), first);
  hidden.push_back(last);
  return hidden;
}

}  // namespace gradus
