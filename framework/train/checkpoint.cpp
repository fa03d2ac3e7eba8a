#include "framework/train/checkpoint.h"
#include "framework/train/file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr int kFormat = 1;
constexpr std::string_view kExtension = ".safetensors";

Json loop_to_json(const LoopState& loop) {
  Json json = {{"step", loop.step},
               {"epoch", loop.loader.epoch},
               {"batch", loop.loader.batch},
               {"generator", {{"seed", loop.generator.seed}, {"draws", loop.generator.draws}}}};
  if (loop.epoch_loss.weight() > 0) {
    json["epoch_loss"] = {{"total", loop.epoch_loss.total()}, {"weight", loop.epoch_loss.weight()}};
  }
  if (!loop.schedule->is_null()) json["schedule"] = *loop.schedule;
  if (!loop.early_stopping->is_null()) json["early_stopping"] = *loop.early_stopping;
  if (!loop.best->is_null()) json["best"] = *loop.best;
  return json;
}

LoopState loop_from_json(const Json& json) {
  // get<> would cast floating numbers, which may be too large for that.
  using Count = const Json::number_integer_t&;
  using Natural = const Json::number_unsigned_t&;
  LoopState loop;
  loop.step = json.at("step").get_ref<Count>();
  loop.loader.epoch = json.at("epoch").get_ref<Count>();
  loop.loader.batch = json.at("batch").get_ref<Count>();
  loop.generator.seed = json.at("generator").at("seed").get_ref<Natural>();
  loop.generator.draws = json.at("generator").at("draws").get_ref<Natural>();
  if (json.contains("epoch_loss")) {
    const Json& loss = json["epoch_loss"];
    loop.epoch_loss = {loss.at("total").get<double>(), loss.at("weight").get_ref<Count>()};
  }
  loop.schedule = json.value("schedule", Json());
  loop.early_stopping = json.value("early_stopping", Json());
  loop.best = json.value("best", Json());
  return loop;
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  SafetensorsFile file;
  file.tensors = checkpoint.model;
  for (const auto& [name, tensor] : checkpoint.optimizer) {
    file.tensors.push_back({std::string(kOptimizerPrefix) + name, tensor});
  }
  for (const auto& [name, tensor] : checkpoint.trained) {
    file.tensors.push_back({std::string(kTrainedPrefix) + name, tensor});
  }
  Json rest = {
      {"format", kFormat}, {"loop", loop_to_json(checkpoint.loop)}, {"config", *checkpoint.config}};
  if (!checkpoint.classes.empty()) rest["classes"] = checkpoint.classes;
  // Names in a table may be no UTF-8; JSON is.
  constexpr auto kReplace = Json::error_handler_t::replace;
  file.metadata = {{"format", "pt"}, {"gradus", rest.dump(-1, ' ', false, kReplace)}};
  write_safetensors(path, file);
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  SafetensorsFile file = read_safetensors(path);
  Checkpoint checkpoint;
  for (auto& [name, tensor] : file.tensors) {
    if (name.starts_with(kOptimizerPrefix)) {
      checkpoint.optimizer.push_back({name.substr(kOptimizerPrefix.size()), tensor});
    } else if (name.starts_with(kTrainedPrefix)) {
      checkpoint.trained.push_back({name.substr(kTrainedPrefix.size()), tensor});
    } else {
      checkpoint.model.push_back({name, tensor});
    }
  }
  const auto rest = file.metadata.find("gradus");
  if (rest == file.metadata.end()) return checkpoint;
  try {
    const Json json = parse_json(rest->second, path.string() + " (metadata)");
    if (json.at("format") != kFormat) {
      throw FileError(path.string() + ": checkpoint format " + json.at("format").dump() +
                      "; this version of Gradus reads format " + std::to_string(kFormat));
    }
    checkpoint.loop = loop_from_json(json.at("loop"));
    checkpoint.config = json.at("config");
    checkpoint.classes = json.value("classes", std::vector<std::string>());
    checkpoint.has_loop = true;
  } catch (const nlohmann::json::exception& error) {
    throw FileError(path.string() + ": broken checkpoint metadata: " + error.what());
  }
  return checkpoint;
}

std::vector<std::filesystem::path> CheckpointFolder::files() const {
  std::vector<std::filesystem::path> result;
  if (!std::filesystem::is_directory(folder_)) return result;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(kExtension)) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::filesystem::path CheckpointFolder::save(const Checkpoint& checkpoint,
                                             std::int64_t keep) const {
  std::filesystem::create_directories(folder_);
  std::string number = std::to_string(checkpoint.loop.step);
  number.insert(0, 10 - std::min<std::size_t>(number.size(), 10), '0');
  std::filesystem::path path = folder_ / ("step-" + number + std::string(kExtension));
  save_checkpoint(path, checkpoint);
  std::vector<std::filesystem::path> all = files();
  while (static_cast<std::int64_t>(all.size()) > keep) {
    std::filesystem::remove(all.front());
    all.erase(all.begin());
  }
  return path;
}

void CheckpointFolder::save_best(const Checkpoint& checkpoint) const {
  std::filesystem::create_directories(folder_);
  save_checkpoint(best(), checkpoint);
}

std::filesystem::path CheckpointFolder::best() const {
  return folder_ / ("best" + std::string(kExtension));
}

std::optional<std::filesystem::path> CheckpointFolder::newest() const {
  const std::vector<std::filesystem::path> all = files();
  if (all.empty()) return {};
  return all.back();
}

}  // namespace gradus
