#include "framework/bench/report.h"
#include "framework/kernels/parallel.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace gradus::bench {
namespace {

using kernels::profile::Entry;
using kernels::profile::Phase;

constexpr double kMega = 1e6;
constexpr double kGiga = 1e9;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, values...);
  return buffer;
}

// Four digits are all that a measurement is good for.
double rounded(double value) {
  return std::strtod(format("%.4g", value).c_str(), nullptr);
}

double operations_per_second(std::int64_t multiply_adds, double seconds) {
  return seconds > 0 ? 2.0 * static_cast<double>(multiply_adds) / seconds : 0;
}

const char* name_of(Phase phase) {
  switch (phase) {
    case Phase::Forward:
      return "forward";
    case Phase::Backward:
      return "backward";
    default:
      return "step";
  }
}

double total_seconds(const Measurement& measurement) {
  double total = 0;
  for (const Entry& each : measurement.profile) total += each.seconds;
  return total;
}

std::vector<Entry> slowest_first(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.seconds > b.seconds; });
  return entries;
}

// 0.0123 s as "12.30 ms", 1.5e-6 s as "1.50 us".
std::string time_text(double seconds) {
  return seconds < 1e-4 ? format("%.2f us", seconds * 1e6) : format("%.3f ms", seconds * 1e3);
}

}  // namespace

double roof_seconds(const Measured& measured, const Roof& roof) {
  const double rate = measured.measurement.precision == "bf16" && roof.bf16 ? *roof.bf16 : roof.f32;
  return 2.0 * static_cast<double>(measured.measurement.multiply_adds) / rate;
}

Json to_json(const Roof& roof) {
  Json result = {{"f32_gflops", rounded(roof.f32 / kGiga)}, {"bf16_gflops", nullptr}};
  if (roof.bf16) result["bf16_gflops"] = rounded(*roof.bf16 / kGiga);
  return result;
}

Json to_json(const Measured& measured, const Roof& roof) {
  const Measurement& m = measured.measurement;
  const double roof_time = roof_seconds(measured, roof);
  Json result = {
      {"name", measured.name},
      {"precision", m.precision},
      {"best_ms", rounded(m.best_seconds * 1e3)},
      {"median_ms", rounded(m.median_seconds * 1e3)},
      {"cpu_ms", rounded(m.cpu_seconds * 1e3)},
      {"steps", m.steps},
      {"batch", m.examples},
      {"parameters", m.parameters},
      {"samples_per_second", rounded(static_cast<double>(m.examples) / m.best_seconds)},
      {"multiply_adds", m.multiply_adds},
      {"gflops", rounded(operations_per_second(m.multiply_adds, m.best_seconds) / kGiga)},
      {"roof_ms", rounded(roof_time * 1e3)},
      {"of_roof", rounded(roof_time / m.best_seconds)},
      {"peak_memory_mb", rounded(static_cast<double>(m.peak_memory) / kMega)},
      {"allocations_per_step", nullptr},
      {"system_allocations_per_step", rounded(m.system_allocations)},
      {"ops_per_step", m.ops},
      {"kernels_per_step", m.kernels},
  };
  if (m.allocations) result["allocations_per_step"] = rounded(*m.allocations);
  return result;
}

Json profile_json(const Measurement& measurement) {
  const double total = total_seconds(measurement);
  Json result = Json::array();
  for (const Entry& each : slowest_first(measurement.profile)) {
    Json kernels = Json::object();
    for (const auto& [name, runs] : each.kernels) kernels[name] = runs;
    result.push_back(
        {{"op", each.name},
         {"phase", name_of(each.phase)},
         {"calls", each.calls},
         {"ms", rounded(each.seconds * 1e3)},
         {"share", rounded(each.seconds / total)},
         {"gflops", rounded(operations_per_second(each.multiply_adds, each.seconds) / kGiga)},
         {"bytes", each.bytes},
         {"allocations", each.allocations},
         {"kernels", kernels}});
  }
  return result;
}

void print(std::ostream& out, const Roof& roof) {
  out << format("roof, by oneDNN's matmul on %d threads: %.0f GFLOP/s f32", num_threads(),
                roof.f32 / kGiga);
  out << (roof.bf16 ? format(", %.0f bf16\n", *roof.bf16 / kGiga)
                    : std::string("; this CPU has no bf16 of its own\n"));
}

void print_heading(std::ostream& out) {
  out << format("%-15s %11s %11s %11s %9s %11s %8s %8s %12s\n", "a step of", "best", "median",
                "samples/s", "GFLOP/s", "roof", "of roof", "peak MB", "allocations");
}

void print_row(std::ostream& out, const Measured& measured, const Roof& roof) {
  const Measurement& m = measured.measurement;
  const double roof_time = roof_seconds(measured, roof);
  const bool computes = m.multiply_adds > 0;
  out << format("%-15s %11s %11s %11s %9s %11s %8s %8.1f %12s\n", measured.name.c_str(),
                time_text(m.best_seconds).c_str(), time_text(m.median_seconds).c_str(),
                m.examples > 0
                    ? format("%.0f", static_cast<double>(m.examples) / m.best_seconds).c_str()
                    : "-",
                computes
                    ? format("%.1f", operations_per_second(m.multiply_adds, m.best_seconds) / kGiga)
                          .c_str()
                    : "-",
                computes ? time_text(roof_time).c_str() : "-",
                computes ? format("%.0f %%", 100 * roof_time / m.best_seconds).c_str() : "-",
                static_cast<double>(m.peak_memory) / kMega,
                m.allocations ? format("%.1f", *m.allocations).c_str() : "-")
      << std::flush;
}

void print_profile(std::ostream& out, const Measured& measured) {
  const double total = total_seconds(measured.measurement);
  out << format("  %-24s %-9s %6s %12s %7s %9s %9s %6s  %s\n", "op", "phase", "calls", "time",
                "share", "GFLOP/s", "MB", "new", "kernels");
  for (const Entry& each : slowest_first(measured.measurement.profile)) {
    std::string kernels;
    for (const auto& [name, runs] : each.kernels) {
      kernels += (kernels.empty() ? "" : ", ") + std::to_string(runs) + " x " + name;
    }
    const double rate = operations_per_second(each.multiply_adds, each.seconds) / kGiga;
    out << format("  %-24s %-9s %6lld %12s %5.1f %% %9s %9.2f %6lld  ", each.name.c_str(),
                  name_of(each.phase), static_cast<long long>(each.calls),
                  time_text(each.seconds).c_str(), 100 * each.seconds / total,
                  each.multiply_adds > 0 ? format("%.1f", rate).c_str() : "-",
                  static_cast<double>(each.bytes) / kMega, static_cast<long long>(each.allocations))
        << kernels << '\n';
  }
  out << format("  %-24s %-9s %6s %12s\n", "all", "", "", time_text(total).c_str());
}

}  // namespace gradus::bench
