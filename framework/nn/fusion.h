// Layers in a row that run as one op: fewer passes over memory, the same bits.
//
// A fusion is one entry of the table in fusion.cpp. Nothing is fused while every node is to be seen
// or checked on its own: under KeepValuesGuard and in anomaly mode; nor layers with hooks.
// Thread rules: those of the layers.
#pragma once

#include "framework/nn/module.h"

#include <span>

namespace gradus::nn {

/// Whether layers may run as one op, on this thread, now.
bool may_fuse();

struct Fusion {
  std::size_t layers;  ///< how many layers it stands for
  bool (*fits)(std::span<const NamedModule> layers);
  Tensor (*run)(std::span<const NamedModule> layers, const Tensor& x);
};

/// The fusion of the first of these layers; null where there is none.
const Fusion* fusion_of(std::span<const NamedModule> layers);

}  // namespace gradus::nn
