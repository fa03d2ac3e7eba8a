#include "framework/train/checkpoint.h"
#include "framework/train/file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr int kFormat = 2;
constexpr int kFirstFormat = 1;  // the oldest that is read
constexpr int kFirstWithChecksums = 2;
constexpr std::string_view kExtension = ".safetensors";
constexpr std::string_view kTemporary = ".safetensors.tmp";

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
  if (loop.skipped > 0) json["skipped"] = loop.skipped;
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
  if (json.contains("skipped")) loop.skipped = json["skipped"].get_ref<Count>();
  return loop;
}

void check_format(const Json& format, bool has_checksums, const std::string& file) {
  const bool is_known = format.is_number_integer() && format.get<double>() >= kFirstFormat &&
                        format.get<double>() <= kFormat;
  if (!is_known) {
    throw FileError(file + ": checkpoint format " + format.dump() +
                    "; this version of Gradus reads formats " + std::to_string(kFirstFormat) +
                    " to " + std::to_string(kFormat));
  }
  if (format.get<int>() >= kFirstWithChecksums && !has_checksums) {
    throw FileError(file + ": a checkpoint of format " + format.dump() +
                    " without checksums: they were taken out, or the file is broken");
  }
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
  Json rest = {{"format", kFormat},
               {"loop", loop_to_json(checkpoint.loop)},
               {"config", *checkpoint.config},
               {"environment", *checkpoint.environment}};
  if (!checkpoint.classes.empty()) rest["classes"] = checkpoint.classes;
  // Names in a table may be no UTF-8; JSON is.
  constexpr auto kReplace = Json::error_handler_t::replace;
  file.metadata = {{"format", "pt"}, {"gradus", rest.dump(-1, ' ', false, kReplace)}};
  write_safetensors(path, file);
}

Checkpoint load_checkpoint(const std::filesystem::path& path) {
  return parse_checkpoint(read_file(path), path.string());
}

Checkpoint parse_checkpoint(std::string_view bytes, const std::string& name_of_file) {
  SafetensorsFile file = parse_safetensors(bytes, name_of_file);
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
    const Json json = parse_json(rest->second, name_of_file + " (metadata)");
    check_format(json.at("format"), file.has_checksums, name_of_file);
    checkpoint.loop = loop_from_json(json.at("loop"));
    checkpoint.config = json.at("config");
    checkpoint.classes = json.value("classes", std::vector<std::string>());
    checkpoint.environment = json.value("environment", Json());
    checkpoint.has_loop = true;
  } catch (const nlohmann::json::exception& error) {
    throw FileError(name_of_file + ": broken checkpoint metadata: " + error.what());
  }
  return checkpoint;
}

void CheckpointFolder::prepare() const {
  std::filesystem::create_directories(folder_);
  std::vector<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    const bool is_ours = name.starts_with("step-") || name.starts_with("best.");
    if (is_ours && name.ends_with(kTemporary)) left.push_back(entry.path());
  }
  for (const auto& file : left) std::filesystem::remove(file);
}

std::vector<std::filesystem::path> CheckpointFolder::all() const {
  std::vector<std::filesystem::path> result;
  if (!std::filesystem::is_directory(folder_)) return result;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step-") && name.ends_with(kExtension)) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::filesystem::path CheckpointFolder::of_step(std::int64_t step) const {
  std::string number = std::to_string(step);
  number.insert(0, 10 - std::min<std::size_t>(number.size(), 10), '0');
  return folder_ / ("step-" + number + std::string(kExtension));
}

std::filesystem::path CheckpointFolder::save(const Checkpoint& checkpoint,
                                             std::int64_t keep) const {
  std::filesystem::path path = of_step(checkpoint.loop.step);
  save_checkpoint(path, checkpoint);
  remove_old(keep);
  return path;
}

void CheckpointFolder::remove_old(std::int64_t keep) const {
  std::vector<std::filesystem::path> files = all();
  while (std::ssize(files) > keep) {
    std::filesystem::remove(files.front());
    files.erase(files.begin());
  }
}

void CheckpointFolder::save_best(const Checkpoint& checkpoint) const {
  save_checkpoint(best(), checkpoint);
}

std::filesystem::path CheckpointFolder::best() const {
  return folder_ / ("best" + std::string(kExtension));
}

std::optional<std::filesystem::path> CheckpointFolder::newest() const {
  const std::vector<std::filesystem::path> files = all();
  if (files.empty()) return {};
  return files.back();
}

}  // namespace gradus
