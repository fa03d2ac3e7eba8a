#include "framework/train/schedule.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace gradus::optim {
namespace {

constexpr const char* kRun = "run";
constexpr double kLongest = 1e12;  // in epochs; as steps it still fits an integer

// Of a span, as JSON Schema.
constexpr const char* kSchema =
    R"({"anyOf": [{"type": "integer", "minimum": 1},)"
    R"( {"type": "string", "pattern": "^(run|[0-9.]+(e[0-9]+)? (epochs?|steps?))$"}]})";

constexpr const char* kNotation =
    "expected a span: a number from 1 on, \"2 epochs\", \"500 steps\" or \"run\", got ";

std::string text_of(double count) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, count).ptr};
}

}  // namespace

Elapsed RunShape::after(std::int64_t count, Unit unit) const {
  if (unit == Unit::Epoch) return {count * steps_per_epoch, count};
  return {count, count / steps_per_epoch};
}

Span::Span(std::int64_t count) : Span(Kind::Own, static_cast<double>(count)) {
  if (count < 1 || count_ > kLongest) {
    throw ValueError("a span of a schedule must be at least 1, got " + std::to_string(count));
  }
}

Span Span::parse(const Json& json, Unit unit, const std::string& path) {
  if (json.is_number_integer() && json.get<double>() >= 1 && json.get<double>() <= kLongest) {
    return {json.get<std::int64_t>()};
  }
  const std::string text = json.is_string() ? json.get<std::string>() : "";
  if (text == kRun) return run();
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view word(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const bool epochs = word == " epochs" || word == " epoch";
  const bool steps = word == " steps" || word == " step";
  const bool whole = count == std::floor(count);
  if (error != std::errc() || !(epochs || steps) || !(count > 0 && count <= kLongest) ||
      (steps && !whole)) {
    throw ConfigError(path, kNotation + json.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  if (unit == Unit::Epoch && (steps || !whole)) {
    throw ConfigError(path, "\"" + text + "\" is no whole number of epochs, which this schedule " +
                                "counts; \"unit\": \"step\" makes it count steps");
  }
  return {epochs ? Kind::Epochs : Kind::Steps, count};
}

Json Span::json() const {
  switch (kind_) {
    case Kind::None:
      return {};
    case Kind::Own:
      return static_cast<std::int64_t>(count_);
    case Kind::Epochs:
      return text_of(count_) + " epochs";
    case Kind::Steps:
      return text_of(count_) + " steps";
    case Kind::Run:
      return kRun;
  }
  return {};
}

std::int64_t Span::in(Unit unit, const RunShape& run) const {
  if (kind_ == Kind::None) throw ValueError("a span of a schedule is not set");
  if (kind_ == Kind::Run) {
    if (!run.length) throw ValueError("a schedule over the run needs one; give it a span");
    const Elapsed& length = *run.length;
    return std::max<std::int64_t>(1, unit == Unit::Epoch ? length.epochs : length.steps);
  }
  const bool spread = kind_ == Kind::Epochs && unit == Unit::Step;
  const double count = spread ? count_ * static_cast<double>(run.steps_per_epoch) : count_;
  return std::max<std::int64_t>(1, std::llround(count));
}

void describe_unit(OptionReader& o, Unit& unit) {
  std::string name = unit == Unit::Epoch ? "epoch" : "step";
  o("unit", name, "what spans count, and after what the rate changes", {"epoch", "step"});
  unit = name == "epoch" ? Unit::Epoch : Unit::Step;
}

void describe_span(OptionReader& o, const char* name, Span& span, Unit unit, const char* doc) {
  Json json = span.json();
  o(name, json, doc, {"span", kSchema});
  if (o.has(name)) span = Span::parse(json, unit, o.path() + "/" + name);
}

void describe_spans(OptionReader& o, const char* name, std::vector<Span>& spans, Unit unit,
                    const char* doc) {
  Json json = Json::array();
  for (const Span& each : spans) json.push_back(each.json());
  o(name, json, doc, {"spans", R"({"type": "array", "items": )" + std::string(kSchema) + "}"});
  if (!o.has(name)) return;
  const std::string path = o.path() + "/" + name;
  if (!json.is_array()) throw ConfigError(path, "expected a list of spans");
  spans.clear();
  for (const Json& each : json) {
    spans.push_back(Span::parse(each, unit, path + "/" + std::to_string(spans.size())));
  }
}

void Schedule::observe(double /*base*/, const Elapsed& /*elapsed*/,
                       const MetricReader& /*metric*/) {}

Json Schedule::state() const {
  return {};
}

void Schedule::load_state(const Json& state) {
  if (!state.is_null()) throw ValueError("a state for a schedule that has none: " + state.dump());
}

ScheduleRegistry& schedules() {
  static ScheduleRegistry registry("schedule");
  return registry;
}

LRScheduler::LRScheduler(Optimizer& optimizer, SchedulePtr schedule)
    : optimizer_(optimizer), schedule_(std::move(schedule)), base_(optimizer.learning_rate()) {
  if (!schedule_) throw ValueError("LRScheduler: there is no schedule");
  set_rate();
}

void LRScheduler::set_rate() {
  optimizer_.set_learning_rate(schedule_->rate(base_, elapsed()));
}

void LRScheduler::step() {
  if (!schedule_->metrics().empty()) {
    throw ValueError("LRScheduler: the schedule looks at " + schedule_->metrics().front() +
                     "; give it by step(metric)");
  }
  ++count_;
  set_rate();
}

void LRScheduler::step(double metric) {
  ++count_;
  schedule_->observe(base_, elapsed(), [metric](const std::string&) { return metric; });
  set_rate();
}

Json LRScheduler::state() const {
  return {{"base", base_}, {"count", count_}, {"schedule", schedule_->state()}};
}

void LRScheduler::load_state(const Json& state) {
  try {
    const auto base = state.at("base").get<double>();
    const auto count = state.at("count").get_ref<const Json::number_integer_t&>();
    if (count < 0) throw ValueError("LRScheduler: a state with a negative count");
    schedule_->load_state(state.at("schedule"));
    base_ = base;
    count_ = count;
  } catch (const nlohmann::json::exception& error) {
    throw ValueError(std::string("LRScheduler: no state of one: ") + error.what());
  }
  set_rate();
}

}  // namespace gradus::optim
