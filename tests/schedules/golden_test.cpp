// The schedules against PyTorch: 100 rates of every case in golden/schedules.json, and the same
// again from a state that was saved on the way.
#include <gradus/gradus.h>

#include <set>

#include "tests/support/golden.h"
#include "tests/support/json.h"

namespace gradus {
namespace {

// PyTorch goes from rate to rate, which rounds once a step; the closed form does not.
constexpr double kTolerance = 1e-12;

const Json& file() {
  static const Json kFile = golden::load("schedules.json");
  return kFile;
}

struct Case {
  Json json;

  [[nodiscard]] std::string name() const { return json["name"]; }
  friend void PrintTo(const Case& self, std::ostream* out) { *out << self.name(); }
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const Json& each : file().at("cases")) result.push_back({each});
  return result;
}

// An optimizer, the schedule of a case, and how far it is.
class Scheduled {
 public:
  explicit Scheduled(const Json& json)
      : json_(json),
        optimizer_(nn::StateDict{}, {.lr = file()["lr"]}),
        scheduler_(optimizer_, optim::schedules().make(json["schedule"], {})) {}

  // The rates from here to the one after `last` steps.
  std::vector<double> rates_until(std::size_t last) {
    std::vector<double> result = {optimizer_.learning_rate()};
    for (; steps_ < last; ++steps_) {
      if (json_.contains("metrics")) {
        scheduler_.step(json_["metrics"][steps_].get<double>());
      } else {
        scheduler_.step();
      }
      result.push_back(optimizer_.learning_rate());
    }
    return result;
  }
  void go_on_from(const Scheduled& other) {
    scheduler_.load_state(test::parse_json(test::dump(other.scheduler_.state())));
    steps_ = other.steps_;
  }

 private:
  Json json_;
  optim::SGD optimizer_;
  optim::LRScheduler scheduler_;
  std::size_t steps_ = 0;
};

class GoldenSchedule : public testing::TestWithParam<Case> {};

TEST_P(GoldenSchedule, matches_pytorch) {
  const auto expected = GetParam().json["rates"].get<std::vector<double>>();
  ASSERT_EQ(expected.size(), 100U);
  const std::vector<double> rates = Scheduled(GetParam().json).rates_until(expected.size() - 1);
  ASSERT_EQ(rates.size(), expected.size());
  for (std::size_t i = 0; i < rates.size(); ++i) {
    EXPECT_LE(std::abs(rates[i] - expected[i]), kTolerance * expected[i]) << "after " << i;
  }
}

TEST_P(GoldenSchedule, goes_on_exactly_from_saved_state) {
  const std::vector<double> whole = Scheduled(GetParam().json).rates_until(99);
  for (const std::size_t stop : {1, 26, 47, 80}) {
    Scheduled first(GetParam().json);
    first.rates_until(stop);
    Scheduled second(GetParam().json);
    second.go_on_from(first);
    EXPECT_EQ(second.rates_until(99), std::vector<double>(whole.begin() + stop, whole.end()));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenSchedule, testing::ValuesIn(cases()), golden::NameOfCase());

TEST(GoldenSchedules, all_kinds_have_cases) {
  std::set<std::string> seen;
  for (const Case& each : cases()) seen.insert(each.json["schedule"]["type"]);
  for (const std::string& name : optim::schedules().names()) EXPECT_TRUE(seen.contains(name));
}

}  // namespace
}  // namespace gradus
