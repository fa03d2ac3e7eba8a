#include "framework/bench/growth.h"
#include "framework/kernels/parallel.h"
#include "framework/train/chart.h"

namespace gradus::bench {
namespace {

Json mlp(const std::vector<std::int64_t>& hidden, std::int64_t batch) {
  return {{"dataset", {{"type", "random"}, {"input_shape", {784}}, {"size", 8192}}},
          {"model", {{"type", "mlp"}, {"hidden", hidden}}},
          {"loss", {{"type", "cross_entropy"}}},
          {"optimizer", {{"type", "adam"}, {"lr", 1e-4}}},
          {"batch_size", batch}};
}

}  // namespace

std::vector<GrowthPlan> growth_plans() {
  return {
      {"batch",
       "784-256-128-10",
       {1, 4, 16, 64, 256, 1024, 4096},
       [](std::int64_t size) {
         return mlp({256, 128}, size);
       }},
      {"width",
       "784-width-width-10, batch 64",
       {64, 128, 256, 512, 1024, 2048, 4096},
       [](std::int64_t size) {
         return mlp({size, size}, 64);
       }},
      {"layers",
       "layers of 128, batch 64",
       {1, 2, 5, 10, 20, 50, 100},
       [](std::int64_t size) {
         return mlp(std::vector<std::int64_t>(static_cast<std::size_t>(size - 1), 128), 64);
       }},
  };
}

Growth measure_growth(const GrowthPlan& plan, const MeasureOptions& options,
                      const std::function<void(const Measured&)>& seen) {
  Growth growth{plan.of, plan.what, {}};
  for (const std::int64_t size : plan.sizes) {
    const Json config = plan.config(size);
    const Measured measured{plan.of + " " + std::to_string(size),
                            measure([&] { return training_step(config); }, options)};
    seen(measured);
    growth.points.emplace_back(size, measured);
  }
  return growth;
}

Json to_json(const std::vector<Growth>& all, const Roof& roof) {
  Json result = Json::array();
  for (const Growth& each : all) {
    Json points = Json::array();
    for (const auto& [size, measured] : each.points) {
      Json point = {{"size", size}};
      point.update(to_json(measured, roof));
      points.push_back(std::move(point));
    }
    result.push_back({{"of", each.of}, {"what", each.what}, {"points", std::move(points)}});
  }
  return result;
}

std::string chart_of(const std::vector<Growth>& all, const Roof& roof) {
  std::vector<ChartPanel> panels;
  for (const Growth& each : all) {
    ChartLine step{"a step", {}, false};
    ChartLine at_roof{"its products at the roof", {}, true};
    for (const auto& [size, measured] : each.points) {
      const auto x = static_cast<double>(size);
      step.points.emplace_back(x, measured.measurement.best_seconds * 1e3);
      at_roof.points.emplace_back(x, roof_seconds(measured, roof) * 1e3);
    }
    panels.push_back({each.what, each.of, {std::move(step), std::move(at_roof)}});
  }
  return draw_chart("A training step of an mlp with Adam, " + std::to_string(num_threads()) +
                        (num_threads() == 1 ? " thread" : " threads"),
                    "ms a step", panels);
}

}  // namespace gradus::bench
