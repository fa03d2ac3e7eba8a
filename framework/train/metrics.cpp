#include "framework/train/metrics.h"
#include "framework/nn/option_info.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/reduction.h"
#include "framework/train/file.h"
#include "framework/train/rethrow.h"

#include <charconv>
#include <cmath>
#include <set>
#include <sstream>

namespace gradus {

namespace {

// The numbers among `results`, by `prefix` and their names.
void add_numbers(const std::string& prefix, const std::vector<MetricResult>& results,
                 std::vector<std::pair<std::string, double>>& into) {
  for (const MetricResult& each : results) {
    if (each.value->is_number()) into.emplace_back(prefix + each.name, each.value->get<double>());
  }
}

}  // namespace

std::vector<std::pair<std::string, double>> EpochMetrics::numbers() const {
  std::vector<std::pair<std::string, double>> all = {{"train_loss", train_loss},
                                                     {"test_loss", test_loss}};
  add_numbers(kTestPrefix, test, all);
  if (validation_loss) all.emplace_back("validation_loss", *validation_loss);
  add_numbers(kValidationPrefix, validation, all);
  return all;
}

std::optional<double> EpochMetrics::find(std::string_view name) const {
  for (const auto& [key, value] : numbers()) {
    if (key == name) return value;
  }
  return {};
}

double EpochMetrics::at(const std::string& name) const {
  if (const auto found = find(name)) return *found;
  throw ValueError("the metric " + name + " is not measured");
}

std::vector<std::string> EpochMetrics::names() const {
  std::vector<std::string> result;
  for (const auto& [key, value] : numbers()) result.push_back(key);
  return result;
}

void describe_metric(OptionReader& o, const char* name, std::string& metric, const char* doc,
                     std::string_view otherwise) {
  o(name, metric, doc);
  if (metric == otherwise || metric == "train_loss" || metric.starts_with(kTestPrefix) ||
      metric.starts_with(kValidationPrefix)) {
    return;
  }
  throw ConfigError(
      o.path() + "/" + name,
      "no name of a metric: \"" + metric +
          "\" (valid: train_loss, test_loss, test_accuracy, validation_loss and so on" +
          (otherwise.empty() ? "" : ", ") + std::string(otherwise) + ")");
}

bool is_larger_better(std::string_view name) {
  if (name == "train_loss") return false;
  for (const std::string& prefix : {kTestPrefix, kValidationPrefix}) {
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  }
  if (name == "loss") return false;
  for (const ComponentInfo& each : metrics().components()) {
    const bool has_defaults =
        std::none_of(each.options.begin(), each.options.end(),
                     [](const OptionInfo& option) { return option.is_required; });
    if (!has_defaults) continue;  // one that must be told its options cannot be asked without
    const auto metric = metrics().make({{"type", each.name}});
    if (metric->name() == name) return metric->is_larger_better();
  }
  return true;
}

Registry<Metric>& metrics() {
  static Registry<Metric> registry("metric");
  return registry;
}

std::string to_text(const std::vector<MetricResult>& results) {
  std::string text;
  for (const MetricResult& each : results) {
    if (!each.value->is_number()) continue;
    char number[64];
    const auto value = each.value->get<double>();
    std::snprintf(number, sizeof number, each.is_share ? " %.2f %%" : " %.4f",
                  each.is_share ? 100 * value : value);
    text += (text.empty() ? "" : "  ") + each.name + (std::isnan(value) ? " undefined" : number);
  }
  return text;
}

void MetricGroup::update(const Tensor& output, const Tensor& target) {
  for (const auto& each : all_) {
    try {
      each->update(output, target);
    } catch (...) {
      rethrow_with(each->name());
    }
  }
}

std::vector<MetricResult> MetricGroup::compute() const {
  std::vector<MetricResult> results;
  for (const auto& each : all_) {
    try {
      results.push_back({each->name(), each->compute(), each->is_share()});
    } catch (...) {
      rethrow_with(each->name());
    }
  }
  return results;
}

MetricsConfig::MetricsConfig() : MetricsConfig("default") {}

MetricsConfig::MetricsConfig(const Json& json, const std::string& path) : resolved_(json) {
  if (json == "default") return;
  if (!json.is_array()) {
    throw ConfigError(path,
                      "expected a list such as [\"accuracy\", {\"type\": \"top_k\"}], or "
                      "\"default\"");
  }
  Json resolved = json;
  std::set<std::string> names;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string at = path + "/" + std::to_string(i);
    const Json object = json[i].is_string() ? Json{{"type", json[i]}} : json[i];
    builds_.push_back(metrics().prepare(object, at, &resolved[i]));
    const std::string name = builds_.back()()->name();
    if (!names.insert(name).second) throw ConfigError(at, "\"" + name + "\" is there already");
  }
  resolved_ = std::move(resolved);
}

MetricGroup MetricsConfig::make(const std::vector<std::string>& defaults) const {
  std::vector<std::shared_ptr<Metric>> all;
  if (*resolved_ == "default") {
    for (const std::string& name : defaults) all.push_back(metrics().make({{"type", name}}));
  }
  for (const auto& build : builds_) all.push_back(build());
  return MetricGroup(std::move(all));
}

double accuracy(const Tensor& output, const Tensor& target) {
  const Tensor hits = eq(argmax(output.detach(), 1), target);
  return sum(hits).item<double>() / static_cast<double>(target.numel());
}

double short_decimal(float value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  double result = value;
  std::from_chars(buffer, end, result);
  return result;
}

MetricsLog::MetricsLog(const std::filesystem::path& path, std::int64_t last_step) : path_(path) {
  std::string kept;
  if (std::filesystem::exists(path)) {
    std::istringstream lines(read_file(path));
    for (std::string line; std::getline(lines, line);) {
      const Json event = Json::parse(line, nullptr, false);
      const auto step = event.is_object() ? event.find("step") : event.end();
      if (step == event.end() || !step->is_number_integer() || *step > last_step) break;
      kept += line + "\n";
    }
  }
  const std::string_view pieces[] = {kept};
  write_file_atomically(path, pieces);
  out_.open(path, std::ios::app);
}

void MetricsLog::write(const Json& event) {
  out_ << event.dump() << '\n' << std::flush;
  if (!out_) throw FileError("cannot write " + path_.string());
}

}  // namespace gradus
