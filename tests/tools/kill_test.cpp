// Runs that are killed (SIGKILL) at any moment and resumed, as often as it takes, end with the
// files of a run that was never killed, byte for byte: of every model and every optimizer.
//
// As it stands this takes seconds. tools/torture runs it for longer, by
//   GRADUS_TORTURE_KILLS  about how many kills there are over all subjects
//   GRADUS_TORTURE_SEED   what the moments are drawn from
#include "framework/train/model.h"
#include "framework/train/optimizer.h"

#include <chrono>
#include <iostream>
#include <random>
#include <set>

#include "tests/support/kill_moment.h"
#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace gradus {
namespace {

using test::contains;
using test::FolderWatch;
using test::Moment;
using test::operator+;
using test::Process;
using test::ProcessResult;
using test::Words;
namespace fs = std::filesystem;

// What is killed: a config and the settings that make it small, or hard.
struct Subject {
  std::string name;
  Words words;
};

// What became of one subject: a row of the table.
struct Tally {
  std::string name;
  int runs = 0;
  int kills = 0;
  int in_write = 0;      // a temporary file was left
  int before_first = 0;  // there was no checkpoint yet
  int after_end = 0;     // the run was complete
  int resumes = 0;
  int identical = 0;
};

int number_in_environment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoi(text);
}

class KillTest : public test::ProgramTest {
 protected:
  KillTest() {
    test::write_small_data(folder_ / "wide", {.side = 12});
    std::string text;
    for (int i = 0; i < 90; ++i) text += "the " + std::to_string(i * i) + " of all, and then ";
    test::write_text(folder_ / "text.txt", text);
    std::string table = "x,color,y,kind\n";
    static constexpr const char* kColors[] = {"red", "green", "blue"};
    for (int i = 0; i < 60; ++i) {
      table += std::to_string(i % 7) + "," + kColors[i % 3] + "," + std::to_string(i * i % 11) +
               "," + (i % 7 + i * i % 11 > 8 ? "a" : "b") + "\n";
    }
    test::write_text(folder_ / "table.csv", table);
  }

  static Words set(const std::vector<std::string>& settings) {
    Words words;
    for (const std::string& each : settings) words = words + Words{"--set", each};
    return words;
  }

  static Words images(const std::string& name, const std::vector<std::string>& more = {}) {
    return small(name) + epochs(2) + set(more);
  }

  static Words text(const std::string& name, const std::vector<std::string>& more) {
    return Words{config(name)} + epochs(2) + set(more) +
           set({"dataset.path=text.txt", "dataset.length=16", "dataset.stride=16", "batch_size=16",
                "model.embedding=8"});
  }

  // Of every model: what is random in it, what is remembered.
  static std::map<std::string, Words> models_to_kill() {
    const std::string augmented =
        R"(dataset.transforms=[{"type": "random_crop", "padding": 1},
                               {"type": "random_horizontal_flip"}])";
    return {
        {"mlp", images("mlp", {"model.dropout=0.3", "optimizer.amsgrad=true",
                               R"(schedule={"type": "one_cycle", "max_lr": 0.01})"})},
        {"cnn", images("cnn", {augmented, "model.dropout=0.3", "clip_grad_norm=0.5"})},
        {"resnet", images("resnet", {augmented, "ema.decay=0.9"})},
        {"lenet", images("lenet", {"dataset.path=wide"})},
        {"linear", images("mlp", {R"(model={"type": "linear"})", "dataset.validation_ratio=0.2"})},
        {"autoencoder", images("autoencoder", {"model.hidden=[16]", "model.latent=4"})},
        {"vae", images("vae", {"model.hidden=[16]", "model.latent=4"})},
        {"sequential", images("sequential", {"precision=bf16_emulated"})},
        {"graph", images("graph", {"model.nodes.12.in_features=68"})},
        {"gpt", text("gpt", {"model.layers=2", "model.heads=2"})},
        {"char_lstm", text("char_lstm", {"model.hidden=12"})},
    };
  }

  // How a run can go on: averages, what was best, rates by a metric, several batches a step.
  static std::vector<Subject> ways_to_run() {
    return {
        {"csv, ema, plateau, early end",
         Words{config("mlp")} + epochs(12) +
             set({R"(dataset={"type": "csv", "path": "table.csv", "target": "kind",
                              "validation_ratio": 0.2})",
                  "model.hidden=[8]", "batch_size=10", "ema.decay=0.8",
                  "early_stopping.metric=validation_loss", "early_stopping.patience=3",
                  "early_stopping.min_delta=0.05", "checkpoint.best=validation_accuracy",
                  R"(schedule={"type": "reduce_on_plateau", "metric": "train_loss",
                               "patience": 0, "threshold": 0.5})"})},
        {"accumulate_steps", images("mlp", {"accumulate_steps=3", "checkpoint.best=test_loss"})},
        {"mixup", images("mlp", {R"(dataset.transforms=[{"type": "mixup"}])"})},
        {"cutmix", images("cnn", {R"(dataset.transforms=[{"type": "cutmix"}])"})},
        {"large checkpoints", images("mlp", {"model.hidden=[2000]", "model.dropout=0.5"})},
    };
  }

  // Every optimizer, with all that it can remember.
  static std::vector<Subject> optimizers_to_kill() {
    const std::map<std::string, std::string> options = {
        {"sgd", R"("momentum": 0.9, "nesterov": true, "lr": 0.1)"},
        {"adam", R"("amsgrad": true)"},
        {"rmsprop", R"("centered": true, "momentum": 0.5)"},
        {"lbfgs", R"("max_iter": 3, "history_size": 4, "line_search_fn": "strong_wolfe")"}};
    std::vector<Subject> result;
    for (const std::string& name : optim::optimizers().names()) {
      const auto more = options.find(name);
      result.push_back(
          {name, images("mlp", {R"(optimizer={"type": ")" + name + "\"" +
                                    (more == options.end() ? "" : ", " + more->second) + "}",
                                "model.dropout=0.2"})});
    }
    return result;
  }

  static std::vector<Subject> subjects() {
    std::vector<Subject> result = ways_to_run();
    for (const auto& [name, words] : models_to_kill()) result.push_back({name, words});
    for (const Subject& each : optimizers_to_kill()) result.push_back(each);
    return result;
  }

  int draw(int least, int most) {
    return std::uniform_int_distribution<int>(least, std::max(least, most))(random_);
  }

  [[nodiscard]] Words command(const Words& words, const std::string& out, int threads) const {
    return Words{test::program_path(), "train"} + words +
           Words{"--out", out, "--quiet", "--threads", std::to_string(threads)};
  }

  // All files of a run: their bytes by their names.
  [[nodiscard]] std::map<std::string, std::string> files(const std::string& run) const {
    std::map<std::string, std::string> result;
    for (const auto& each : fs::recursive_directory_iterator(folder_ / run)) {
      if (!each.is_regular_file()) continue;
      result[fs::relative(each.path(), folder_ / run).string()] = test::read_text(each.path());
    }
    return result;
  }

  // How the files of two runs differ; empty when they do not.
  [[nodiscard]] std::string differences(const std::string& a, const std::string& b) const {
    const auto first = files(a);
    const auto second = files(b);
    std::string result;
    for (const auto& [name, bytes] : first) {
      const auto other = second.find(name);
      if (other == second.end()) result += " " + name + " is missing;";
      if (other != second.end() && other->second != bytes) result += " " + name + " differs;";
    }
    for (const auto& [name, bytes] : second) {
      if (!first.contains(name)) result += " " + name + " should not be there;";
    }
    return result;
  }

  [[nodiscard]] bool has_any(const std::string& run, const std::string& ending) const {
    for (const auto& each : fs::recursive_directory_iterator(folder_ / run)) {
      if (each.path().filename().string().ends_with(ending)) return true;
    }
    return false;
  }

  // Whether all is well; if not, fails and ends the torture of this subject.
  bool check(bool is_well, const std::string& message) {
    if (is_well) return true;
    ADD_FAILURE() << message;
    failed_ = true;
    return false;
  }

  // Kills runs of a subject until there are so many kills, each run three times at most.
  Tally torture(const Subject& subject, int kills) {
    Tally tally{.name = subject.name};
    failed_ = false;
    while (tally.kills < kills && tally.runs < 3 * kills + 3 && !failed_) {
      torture_run(subject, std::min(3, kills - tally.kills), tally);
    }
    return tally;
  }

  // The run that is not killed.
  struct Reference {
    std::string folder;
    Words words;
    std::chrono::microseconds length{};
    int steps = 0;
    int bytes = 0;  // of a checkpoint
    std::string last{};
  };

  Reference make_reference(const Subject& subject, const std::string& folder) {
    Reference made{
        .folder = folder,
        .words = subject.words + set({"checkpoint.every_steps=" + std::to_string(draw(1, 3)),
                                      "checkpoint.keep=" + std::to_string(draw(1, 3))})};
    const auto start = std::chrono::steady_clock::now();
    const ProcessResult result = run(command(made.words, folder, 2));
    made.length = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    if (!check(result.exit_code == 0, subject.name + ": " + result.err)) return made;
    made.steps = static_cast<int>(events(folder).size());
    made.last = checkpoints(folder).back().filename().string();
    made.bytes = static_cast<int>(fs::file_size(folder_ / folder / "checkpoints" / made.last));
    return made;
  }

  // Any moment of a run like that.
  Moment draw_moment(const Reference& whole) {
    Moment moment;
    const auto later = [&](int most) { moment.delay = std::chrono::microseconds(draw(0, most)); };
    const int kind = draw(0, 99);
    if (kind < 30) {
      later(static_cast<int>(whole.length.count()));
    } else if (kind < 45) {
      moment.kind = Moment::Kind::Change;
      moment.count = draw(1, whole.steps * 3);
      later(200);
    } else if (kind < 75) {
      moment.kind = Moment::Kind::Bytes;
      moment.count = draw(1, whole.steps / 4);
      moment.bytes = static_cast<std::uintmax_t>(draw(0, whole.bytes));
    } else if (kind < 85) {
      moment.kind = Moment::Kind::Renamed;
      moment.count = draw(1, whole.steps / 4);
      later(60);
    } else if (kind < 95) {
      moment.kind = Moment::Kind::Metrics;
      moment.count = draw(1, whole.steps / 2);
      later(500);
    } else {
      moment.kind = Moment::Kind::Config;
      moment.count = draw(1, 4);
      later(50);
    }
    return moment;
  }

  void torture_run(const Subject& subject, int most_kills, Tally& tally) {
    const std::string number = subject.name + " " + std::to_string(tally.runs++);
    const Reference whole = make_reference(subject, number + " whole");
    if (failed_) return;
    const std::string killed = number + " killed";
    std::ostringstream history;
    bool is_complete = false;
    for (int kill = 0; !is_complete && !failed_; ++kill) {
      const Words resume = kill > 0 ? Words{"--resume"} : Words{};
      const Words line = command(whole.words, killed, draw(1, 3)) + resume;
      if (kill > 0) ++tally.resumes;
      is_complete = kill >= most_kills || !is_killed(whole, line, killed, history, tally);
      if (kill < most_kills) continue;
      const ProcessResult result = run(line);
      check(result.exit_code == 0, number + history.str() + "\n" + result.err);
    }
    const std::string found = differences(whole.folder, killed);
    check(found.empty(), number + history.str() + ":" + found + "\n" +
                             testing::PrintToString(command(whole.words, killed, 1)));
    if (found.empty()) ++tally.identical;
    fs::remove_all(folder_ / whole.folder);
    fs::remove_all(folder_ / killed);
  }

  // Starts a run and kills it; false when it came to its end before that.
  bool is_killed(const Reference& whole, const Words& line, const std::string& killed,
                 std::ostringstream& history, Tally& tally) {
    const Moment moment = draw_moment(whole);
    FolderWatch watch(folder_ / killed);
    Process process(line, Process::Output::Pipes, folder_.path());
    const bool was_sent = test::kill_at(moment, process, watch);
    const ProcessResult result = process.finish();
    const bool was_killed = was_sent && result.exit_code == 128 + SIGKILL;
    history << ", " << moment.text() << (was_killed ? "" : " (too late)");
    if (!was_killed) {
      check(result.exit_code == 0, killed + history.str() + "\n" + result.err);
      return false;
    }
    ++tally.kills;
    tally.in_write += has_any(killed, ".tmp") ? 1 : 0;
    tally.before_first += has_any(killed, ".safetensors") ? 0 : 1;
    tally.after_end += has_any(killed, whole.last) ? 1 : 0;
    return true;
  }

  ProcessResult run(const Words& line) const {
    return Process(line, Process::Output::Pipes, folder_.path()).finish();
  }

  static void print(const std::vector<Tally>& table) {
    std::printf("%-30s %5s %6s %8s %7s %8s %8s %10s\n", "config", "runs", "kills", "in write",
                "before", "complete", "resumes", "identical");
    Tally sum{.name = "all"};
    const auto row = [](const Tally& each) {
      std::printf("%-30s %5d %6d %8d %7d %8d %8d %10d\n", each.name.c_str(), each.runs, each.kills,
                  each.in_write, each.before_first, each.after_end, each.resumes, each.identical);
    };
    for (const Tally& each : table) {
      row(each);
      sum.runs += each.runs;
      sum.kills += each.kills;
      sum.in_write += each.in_write;
      sum.before_first += each.before_first;
      sum.after_end += each.after_end;
      sum.resumes += each.resumes;
      sum.identical += each.identical;
    }
    row(sum);
  }

  bool failed_ = false;
  std::mt19937 random_{static_cast<std::uint32_t>(number_in_environment("GRADUS_TORTURE_SEED", 1))};
};

TEST_F(KillTest, knows_every_model) {
  std::set<std::string> known;
  for (const auto& [name, words] : models_to_kill()) known.insert(name);
  const std::vector<std::string> all = models().names();
  EXPECT_EQ(known, std::set<std::string>(all.begin(), all.end()));
}

// Moments that are too short for a signal to meet them often.

TEST_F(KillTest, a_run_killed_as_it_wrote_its_config_begins_anew) {
  const Words words = images("mlp");
  ASSERT_EQ(run(command(words, "whole", 2)).exit_code, 0);
  const std::string config = test::read_text(folder_ / "whole/config.json");
  for (const std::size_t bytes : {std::size_t{0}, config.size() / 2, config.size()}) {
    const std::string dead = "dead " + std::to_string(bytes);
    fs::create_directories(folder_ / dead);
    test::write_text(folder_ / (dead + "/config.json.tmp"), config.substr(0, bytes));
    const ProcessResult result = run(command(words, dead, 1) + Words{"--resume"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(differences("whole", dead), "");
  }
}

TEST_F(KillTest, a_run_killed_between_its_last_checkpoint_and_the_removal_of_an_old_one) {
  const Words words = images("mlp", {"checkpoint.every_steps=1"});
  ASSERT_EQ(run(command(words, "whole", 2)).exit_code, 0);
  fs::copy(folder_ / "whole", folder_ / "dead", fs::copy_options::recursive);
  const fs::path first = checkpoints("dead").front();
  fs::copy(first, first.parent_path() / "step-0000000013.safetensors");
  fs::copy(first, first.parent_path() / "step-0000000005.safetensors.tmp");
  fs::copy(first, first.parent_path() / "best.safetensors.tmp");
  const ProcessResult result = run(command(words, "dead", 1) + Words{"--resume"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(differences("whole", "dead"), "");
}

TEST_F(KillTest, runs_that_were_killed_end_as_if_they_never_were) {
  const std::vector<Subject> all = subjects();
  const auto count = static_cast<int>(all.size());
  const int kills = number_in_environment("GRADUS_TORTURE_KILLS", count);
  std::vector<Tally> table;
  for (const Subject& subject : all) {
    table.push_back(torture(subject, (kills + count - 1) / count));
  }
  print(table);
}

}  // namespace
}  // namespace gradus
