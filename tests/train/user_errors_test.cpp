// What a user's own code throws in training, of any type and from any place: train() ends with an
// Error that says where and why, the checkpoint from before stays, and the same process trains
// again, with the same bits.
#include <gtest/gtest.h>
#include "framework/autograd/function.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"
#include "framework/tensor/creation.h"
#include "framework/train/checkpoint.h"
#include "framework/train/program.h"
#include "framework/train/schedule.h"
#include "framework/train/trainer.h"
#include "optimizers/adam.h"

#include <atomic>

#include "tests/support/errors.h"
#include "tests/support/json.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

// ---- Components that fail when they are told to -------------------------------------------------

enum class Kind { Error, Standard, Other };

// Which place fails, at which of its calls in training (of the data: at which example), and how.
struct Fault {
  std::string place;
  Kind kind = Kind::Error;
  int at = 0;
};
Fault g_fault;
std::atomic<int> g_calls = 0;

[[noreturn]] void fail() {
  if (g_fault.kind == Kind::Error) throw ValueError("the sensor is offline");
  if (g_fault.kind == Kind::Standard) throw std::out_of_range("the sensor is offline");
  throw 42;
}

void pass(const std::string& place) {
  if (place == g_fault.place && ++g_calls == g_fault.at) fail();
}

// What evaluations and the trainer's first try do not count.
void pass_in_training(const std::string& place) {
  if (GradMode::is_enabled()) pass(place);
}

constexpr std::int64_t kExamples = 24;
constexpr std::int64_t kFaultyExample = 21;  // of the sixth batch
float g_faulty_pixel = 0;                    // of that example alone

class FragileData : public data::TensorDataset {
 public:
  using TensorDataset::TensorDataset;
  [[nodiscard]] data::Example get_batch(std::span<const std::int64_t> indices) const override {
    for (const std::int64_t i : indices) {
      if (i == kFaultyExample) pass("data");
    }
    return TensorDataset::get_batch(indices);
  }
};

const bool kData = data::datasets().add<NoOptions>("fragile", "", [](const NoOptions&) {
  Generator generator(3);
  const Tensor inputs = rand({kExamples, 1, 2, 2}, kFloat32, generator);
  g_faulty_pixel = inputs.data_ptr<float>()[4 * kFaultyExample + 1];
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < kExamples; ++i) labels.push_back(i % 3);
  const auto examples = std::make_shared<FragileData>(inputs, tensor(labels));
  return std::make_shared<data::DataSource>(
      data::DataSource{.train = examples,
                       .test = data::Subset::first(examples, 8),
                       .input_shape = {1, 2, 2},
                       .outputs = 3});
});

class FragileTransform : public data::Transform {
 public:
  void operator()(const data::ImageView& image, data::ExampleRandom& random) const override {
    if (image.data[1] == g_faulty_pixel) pass("transform");
    image.data[0] += static_cast<float>(0.01 * random.uniform());
  }
  void check(const Shape& /*example*/) const override {}
};
const bool kTransform = data::transforms().add<NoOptions>(
    "fragile", "", [](const NoOptions&) { return std::make_shared<FragileTransform>(); });

struct Identity : Function<Identity> {
  static constexpr std::string_view kName = "fragile";
  static Tensor forward(FunctionContext& /*context*/, const Tensor& x) { return x * 1.0; }
  static std::vector<Tensor> backward(FunctionContext& /*context*/, const Tensor& gradient) {
    pass("backward");
    return {gradient};
  }
};

// Two branches that are large enough to have their gradients taken on two threads.
class FragileModel : public nn::Module {
 public:
  FragileModel() {
    for (const char* name : {"a", "b"}) {
      branches_.push_back(register_module(name, nn::Linear(4, kWidth)));
    }
    head_ = register_module("head", nn::Linear(kWidth, 3));
  }
  Tensor forward(const Tensor& x) override {
    pass_in_training("model");
    const Tensor flat = x.reshape({x.size(0), 4});
    return head_(Identity::apply(branches_[0](flat)) + Identity::apply(branches_[1](flat)));
  }
  [[nodiscard]] std::string type_name() const override { return "Fragile"; }

 private:
  static constexpr std::int64_t kWidth = 8192;
  std::vector<nn::Linear> branches_;
  nn::Linear head_{nullptr};
};
const bool kModel = models().add<NoOptions>("fragile", "", [](const NoOptions&, const ModelInput&) {
  return std::make_shared<FragileModel>();
});

class FragileLoss : public nn::Loss {
 public:
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    pass_in_training("loss");
    return cross_entropy(output, target);
  }
  [[nodiscard]] bool is_classification() const override { return true; }
};
const bool kLoss = nn::losses().add<NoOptions>(
    "fragile", "", [](const NoOptions&) { return std::make_shared<FragileLoss>(); });

class FragileMetric : public Metric {
 public:
  [[nodiscard]] std::string name() const override { return "fragile"; }
  void update(const Tensor& output, const Tensor& /*target*/) override {
    pass("metric");
    count_ += output.size(0);
  }
  [[nodiscard]] Json compute() const override {
    pass("metric_value");
    return count_;
  }

 private:
  std::int64_t count_ = 0;
};
const bool kMetric = metrics().add<NoOptions>(
    "fragile", "", [](const NoOptions&) { return std::make_shared<FragileMetric>(); });

class FragileOptimizer : public optim::Adam {
 public:
  using optim::Adam::Adam;
  using optim::Adam::step;
  void step() override {
    pass("optimizer");
    optim::Adam::step();
  }
};
const bool kOptimizer = optim::add_optimizer<FragileOptimizer>("fragile", "");

struct FragileScheduleOptions {
  optim::Unit unit = optim::Unit::Step;
  void describe(OptionReader& o) { optim::describe_unit(o, unit); }
};
class FragileSchedule : public optim::ScheduleOf<FragileScheduleOptions> {
 public:
  using ScheduleOf::ScheduleOf;
  void observe(double /*base*/, const optim::Elapsed& /*elapsed*/,
               const optim::MetricReader& /*metric*/) override {
    pass("observation");
  }

 protected:
  [[nodiscard]] double rate_after(double base, std::int64_t count) const override {
    if (count > 0) pass("schedule");
    return base / static_cast<double>(count + 1);
  }
};
const bool kSchedule = optim::add_schedule<FragileSchedule>("fragile", "");

// ---- Runs ---------------------------------------------------------------------------------------

Config config() {
  return Config(test::parse_json(R"({
      "dataset": {"type": "fragile", "transforms": ["fragile"]}, "model": {"type": "fragile"},
      "loss": {"type": "fragile"}, "metrics": ["fragile"],
      "optimizer": {"type": "fragile"}, "schedule": {"type": "fragile"},
      "epochs": 2, "batch_size": 4, "shuffle": false, "checkpoint": {"every_steps": 4}})"));
}

// Trains in the folder; hooks and the callback are the user's code, too.
void run(const std::filesystem::path& folder) {
  g_calls = 0;
  Trainer trainer(config());
  nn::Module& model = trainer.model();
  model.register_forward_hook([](nn::Module&, const Tensor&, const Tensor&) {
    pass_in_training("forward_hook");
    return Tensor();
  });
  model.parameters()[0].register_hook([](const Tensor&) {
    pass("hook");
    return Tensor();
  });
  trainer.train({.out = folder, .stop_requested = [] {
                   pass("stop_requested");
                   return false;
                 }});
}

// The last state of a run without faults, to the bit.
std::string sound_run() {
  g_fault = {};
  const test::TempDir folder;
  run(folder / "run");
  return test::read_text(*CheckpointFolder(folder / "run/checkpoints").newest());
}

int threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

struct Case {
  std::string place;
  int at;
  std::string where;               // how the message begins
  std::string where_foreign = {};  // of what is no Error, where it is otherwise
};

const Case kCases[] = {
    {"data", 1, "step 6: batch: "},
    {"transform", 1, "step 6: batch: "},
    {"model", 6, "step 6: model: "},
    {"forward_hook", 6, "step 6: model: "},
    {"loss", 6, "step 6: loss: "},
    {"backward", 12,
     "step 6: backward of fragile (called at user_errors_test.cpp:", "step 6: backward: "},
    {"hook", 6, "step 6: hook of a leaf: ", "step 6: backward: "},
    {"schedule", 5, "step 6: schedule: "},
    {"optimizer", 6, "step 6: optimizer: "},
    {"observation", 1, "schedule after step 6: "},
    {"stop_requested", 6, "stop_requested after step 6: "},
    {"metric", 2, "evaluation after step 6: fragile: "},
    {"metric_value", 1, "evaluation after step 6: fragile: "},
};

class UserErrors : public testing::TestWithParam<Case> {};

TEST_P(UserErrors, end_the_run_and_leave_the_process_sound) {
  const Case& each = GetParam();
  ASSERT_TRUE(kData && kTransform && kModel && kLoss && kMetric && kOptimizer && kSchedule);
  const std::string sound = sound_run();
  const int threads = threads_of_this_process();
  for (const Kind kind : {Kind::Error, Kind::Standard, Kind::Other}) {
    g_fault = {each.place, kind, each.at};
    const test::TempDir folder;
    const std::string said = test::message_of([&] { run(folder / "run"); });
    const std::string cause =
        kind == Kind::Other ? "an exception of type int" : "the sensor is offline";
    const bool is_foreign = kind != Kind::Error && !each.where_foreign.empty();
    EXPECT_TRUE(said.starts_with(is_foreign ? each.where_foreign : each.where)) << said;
    EXPECT_NE(said.find(": " + cause), std::string::npos) << said;
    EXPECT_LE(threads_of_this_process(), threads);
    const auto saved = CheckpointFolder(folder / "run/checkpoints").newest();
    ASSERT_TRUE(saved) << said;
    EXPECT_EQ(load_checkpoint(*saved).loop.step, 4) << said;
    EXPECT_EQ(sound_run(), sound) << "after: " << said;
  }
}

INSTANTIATE_TEST_SUITE_P(All, UserErrors, testing::ValuesIn(kCases),
                         [](const auto& each) { return each.param.place; });

TEST(UserErrorsInTheCause, stay_what_they_were) {
  g_fault = {"model", Kind::Standard, 2};
  const test::TempDir folder;
  try {
    run(folder / "run");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THROW(std::rethrow_if_nested(error), std::out_of_range);
  }
  g_fault.kind = Kind::Error;
  EXPECT_THROW(run(folder / "other"), ValueError);
  g_fault = {};
}

// Of the trainer's first try, before any step.
TEST(UserErrorsInTheCause, say_so_when_nothing_was_trained_yet) {
  g_fault = {"metric", Kind::Other, 1};
  const test::TempDir folder;
  EXPECT_EQ(test::message_of([&] { run(folder / "run"); }),
            "/metrics, tried on one example: fragile: an exception of type int");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
  g_fault = {};
}

TEST(UserErrorsInTheProgram, are_told_and_give_the_exit_code_1) {
  const test::TempDir folder;
  test::write_text(folder / "config.json", config().resolved->dump());
  std::string words[] = {"gradus", "train", (folder / "config.json").string(),
                         "--out",  "",      "--quiet"};
  for (const Kind kind : {Kind::Error, Kind::Standard, Kind::Other}) {
    g_fault = {"loss", kind, 6};
    g_calls = 0;
    words[4] = (folder / std::to_string(static_cast<int>(kind))).string();
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStderr();
    EXPECT_EQ(program(static_cast<int>(arguments.size()), arguments.data()), 1);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(said.starts_with("gradus: step 6: loss: ")) << said;
    EXPECT_NE(said.find(kind == Kind::Other ? "an exception of type int" : "the sensor is offline"),
              std::string::npos)
        << said;
  }
  g_fault = {};
}

}  // namespace
}  // namespace gradus
