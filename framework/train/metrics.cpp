#include "framework/train/metrics.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/reduction.h"
#include "framework/train/file.h"

#include <charconv>
#include <sstream>

namespace gradus {

double EpochMetrics::at(const std::string& name) const {
  if (name == "train_loss") return train_loss;
  if (name == "test_loss") return test_loss;
  if (name == kAccuracyMetric && test_accuracy) return *test_accuracy;
  throw ValueError("the metric " + name + " is not known");
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
