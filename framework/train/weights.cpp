#include "framework/train/weights.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/state_dict.h"
#include "framework/train/checkpoint.h"
#include "framework/train/trainer.h"

#include <nlohmann/json.hpp>

namespace gradus {
namespace {

// Names may be no UTF-8.
std::string quoted(const std::string& name) {
  return Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void check_classes(const std::vector<std::string>& trained, const std::vector<std::string>& here) {
  if (trained.empty() || here.empty()) return;
  if (trained.size() != here.size()) {
    throw FileError("was trained on data of " + std::to_string(trained.size()) +
                    " classes or characters, the data of the config has " +
                    std::to_string(here.size()) + "; give the data that it was trained on");
  }
  for (std::size_t i = 0; i < here.size(); ++i) {
    if (quoted(trained[i]) == quoted(here[i])) continue;
    throw FileError("was trained on other classes or characters than the data of the config has: " +
                    std::to_string(i) + " was " + quoted(trained[i]) + " and is " +
                    quoted(here[i]) + "; give the data that it was trained on");
  }
}

// Runs the body, whose errors will name the file.
template <class Body>
void naming(const std::filesystem::path& path, Body body) {
  try {
    body();
  } catch (Error& error) {
    error.prepend(path.string());
    throw;
  }
}

}  // namespace

void load_weights(nn::Module& model, const std::filesystem::path& path) {
  const Checkpoint checkpoint = load_checkpoint(path);
  naming(path, [&] { model.load_state_dict(checkpoint.model); });
}

std::string load_fitting_weights(nn::Module& model, const std::filesystem::path& path) {
  const Checkpoint checkpoint = load_checkpoint(path);
  const nn::StateDict own = model.state_dict();
  const nn::StateDictMatch match = nn::match_state_dict(own, checkpoint.model);
  const std::string faults = nn::describe_faults(match);
  if (match.fitting.empty()) {
    throw ValueError(path.string() + ": none of its weights fits this model:" + faults);
  }
  const NoGradGuard no_grad;
  for (const nn::StateDictMatch::Pair& each : match.fitting) each.here.copy_(each.there);
  return std::to_string(match.fitting.size()) + " of " + std::to_string(own.size()) +
         " tensors from " + path.string() + (faults.empty() ? "" : "; not taken:") + faults;
}

void load_trained(Trainer& trainer, const std::filesystem::path& path) {
  const Checkpoint checkpoint = load_checkpoint(path);
  naming(path, [&] {
    check_classes(checkpoint.classes, trainer.data().classes);
    trainer.model().load_state_dict(checkpoint.model);
  });
}

}  // namespace gradus
