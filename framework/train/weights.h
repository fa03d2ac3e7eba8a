// Weights of files in models: all of them, or those that fit.
//
//   load_weights(*net, "mlp.safetensors");                        // strict: all, or an error
//   std::cout << load_fitting_weights(*net, "other.safetensors"); // what was taken, what was not
//   load_trained(trainer, "wine.safetensors");                    // to use it on data
//
// A file is a checkpoint or a plain state dict, of PyTorch too. Of a checkpoint the model's tensors
// are taken, the averaged ones where a run averages; those under "optimizer/" and "trained/" are no
// weights. How names, shapes and dtypes are compared: nn/state_dict.h.
#pragma once

#include "framework/nn/module.h"

#include <filesystem>

namespace gradus {

class Trainer;

/// Takes over all weights. Throws ValueError that lists all that is missing, unexpected, or of
/// another shape or dtype, and changes nothing then; FileError.
void load_weights(nn::Module& model, const std::filesystem::path& path);

/// Takes over what fits, and leaves the rest as it is. Returns "12 of 14 tensors from FILE" and, in
/// lines of their own, what was not taken and why. Throws ValueError where nothing fits; FileError.
std::string load_fitting_weights(nn::Module& model, const std::filesystem::path& path);

/// Takes over all weights of a model that was trained on the same data, to measure or to use it.
/// Throws what load_weights() does, and FileError where the checkpoint was trained on other classes
/// than the trainer's data has, so that names would be wrong.
void load_trained(Trainer& trainer, const std::filesystem::path& path);

}  // namespace gradus
