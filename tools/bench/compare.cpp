// Runs `gradus bench` and the same workloads in other frameworks in turn, and puts their times side
// by side. A peer is a program that takes --threads, --rounds and --workload and prints
//   {"peer": "LibTorch", "workloads":
//     [{"name": "cnn", "best_ms": 10.2, "median_ms": 10.4, "parameters": 421642}]}
#include <gradus/gradus.h>
#include <sys/wait.h>
#include "framework/bench/workloads.h"
#include "framework/train/file.h"

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>
#include <thread>

#include "tools/bench/timing.h"

namespace {

using gradus::Error;
using gradus::Json;

constexpr const char* kBegin = "<!-- tools/bench/run writes from here -->";
constexpr const char* kEnd = "<!-- to here -->";

struct Arguments {
  std::string gradus;
  std::vector<std::string> peers;
  std::vector<std::string> workloads;
  std::string write;
  int threads = gradus::num_threads();
  int passes = 3;
  int patience = 10;
  int rounds = 5;
};

// The best and the middle time of a subject over all passes, in milliseconds.
class Times {
 public:
  void add(const Json& measured) {
    best_.push_back(measured["best_ms"].get<double>());
    median_.push_back(measured["median_ms"].get<double>());
  }
  [[nodiscard]] bool empty() const { return best_.empty(); }
  [[nodiscard]] double best() const { return *std::min_element(best_.begin(), best_.end()); }
  [[nodiscard]] double median() const { return bench::median(median_); }

 private:
  std::vector<double> best_;
  std::vector<double> median_;
};

struct Row {
  std::string name;
  Times gradus;
  Times bf16;
  std::vector<Times> peers;
  Json last;                    // what gradus told of the step beside its time
  std::vector<double> roof_ms;  // of each pass, by the roof that its own process measured
  std::vector<double> of_roof;
};

struct Results {
  std::vector<std::string> peers;
  std::vector<Row> rows;
  double f32_gflops = 0;
  double bf16_gflops = 0;
  int runs = 0;
  int disturbed = 0;  // began while other programs computed
};

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// What a program prints; nothing if it refuses its arguments (exit code 2).
std::optional<Json> run(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw Error("cannot run " + command);
  std::string out;
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    out.append(buffer, got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return {};
  if (status != 0) throw Error(command + ": failed, status " + std::to_string(status));
  return gradus::parse_json(out, command);
}

// How many processors were busy over a tenth of a second.
double busy_processors() {
  const auto read = [] {
    std::ifstream file("/proc/stat");
    std::string cpu;
    std::array<double, 8> ticks{};
    file >> cpu;
    for (double& each : ticks) file >> each;
    const double idle = ticks[3] + ticks[4];
    return std::pair(std::accumulate(ticks.begin(), ticks.end(), 0.0) - idle, idle);
  };
  const auto [busy_before, idle_before] = read();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto [busy, idle] = read();
  const double all = busy - busy_before + idle - idle_before;
  const auto processors = static_cast<double>(std::thread::hardware_concurrency());
  return all > 0 ? processors * (busy - busy_before) / all : 0;
}

// Another program on the machine slows a team of OpenMP threads more than it slows ours: each run
// begins when nothing else computes, or when our patience ends.
void wait_for_quiet(const Arguments& a, Results& results) {
  const auto start = std::chrono::steady_clock::now();
  ++results.runs;
  while (busy_processors() > 0.25) {
    if (std::chrono::steady_clock::now() - start < std::chrono::seconds(a.patience)) continue;
    ++results.disturbed;
    return;
  }
}

std::string arguments_of(const Arguments& a, const std::string& workload) {
  return " --threads " + std::to_string(a.threads) + " --rounds " + std::to_string(a.rounds) +
         " --workload " + quoted(workload);
}

void run_gradus(const Arguments& a, Row& row, Results& results) {
  const std::string command = quoted(a.gradus) + " bench --json" + arguments_of(a, row.name);
  wait_for_quiet(a, results);
  const auto found = run(command);
  if (!found) throw Error("gradus cannot measure " + row.name);
  const auto higher = [&](const char* key, double& to) {
    const Json& rate = (*found)["roof"][key];
    if (rate.is_number()) to = std::max(to, rate.get<double>());
  };
  higher("f32_gflops", results.f32_gflops);
  higher("bf16_gflops", results.bf16_gflops);
  row.last = (*found)["workloads"][0];
  row.gradus.add(row.last);
  row.roof_ms.push_back(row.last["roof_ms"].get<double>());
  row.of_roof.push_back(row.last["of_roof"].get<double>());
  const bool has_bf16 = (*found)["roof"]["bf16_gflops"].is_number();
  if (row.last["batch"] == 0 || !has_bf16) return;  // no training, or one in float32
  if (const auto bf16 = run(command + " --set precision=bf16 2>/dev/null")) {
    row.bf16.add((*bf16)["workloads"][0]);
  }
}

void run_peers(const Arguments& a, Row& row, Results& results) {
  for (std::size_t i = 0; i < a.peers.size(); ++i) {
    wait_for_quiet(a, results);
    const auto found = run(quoted(a.peers[i]) + arguments_of(a, row.name));
    if (!found) throw Error(a.peers[i] + " refuses its arguments");
    results.peers[i] = (*found)["peer"];
    const Json& measured = (*found)["workloads"];
    if (measured.empty()) continue;  // a peer may lack a workload
    if (measured[0]["parameters"] != row.last["parameters"]) {
      throw Error(row.name + ": gradus trains " + row.last["parameters"].dump() + " numbers, " +
                  a.peers[i] + " " + measured[0]["parameters"].dump());
    }
    row.peers[i].add(measured[0]);
  }
}

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, value < 0.1 ? "%.4f" : value < 10 ? "%.3f" : "%.1f", value);
  return buffer;
}

std::string ratio(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.2f x", value);
  return buffer;
}

std::string cell(const Times& times) {
  return times.empty() ? "-" : number(times.best()) + " (" + number(times.median()) + ")";
}

std::string cpu() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "an unnamed CPU";
}

std::string heading(const Results& results) {
  std::string names = "| step of |";
  std::string rule = "|---|";
  for (const std::string& peer : results.peers) {
    names += " " + peer + " |";
    rule += "---|";
  }
  names += " **Gradus** |";
  rule += "---|";
  for (std::size_t i = 0; i < results.peers.size(); ++i) {
    names += " faster than " + results.peers[i] + " |";
    rule += "---|";
  }
  return names + " roof | of roof | Gradus bf16 | peak MB | allocations |\n" + rule +
         "---|---|---|---|---|\n";
}

std::string line(const Row& row) {
  std::string text = "| " + row.name + " |";
  for (const Times& peer : row.peers) text += " " + cell(peer) + " |";
  text += " " + cell(row.gradus) + " |";
  for (const Times& peer : row.peers) {
    text += " " + (peer.empty() ? "-" : ratio(peer.best() / row.gradus.best())) + " |";
  }
  const double roof = bench::median(row.roof_ms);
  const int percent = static_cast<int>(100 * bench::median(row.of_roof) + 0.5);
  text += roof > 0 ? " " + number(roof) + " | " + std::to_string(percent) + " % |" : " - | - |";
  text += " " + cell(row.bf16) + " | " + number(row.last["peak_memory_mb"].get<double>()) + " | ";
  const Json& allocations = row.last["allocations_per_step"];
  return text + (allocations.is_number() ? number(allocations.get<double>()) : "-") + " |\n";
}

std::string table(const Results& results, const Arguments& a) {
  std::ostringstream out;
  out << "Milliseconds of a step, the best (and the middle) of " << a.passes << " passes in turn, "
      << a.threads << " threads, " << cpu()
      << ".\nThe roof is what the step's multiply-adds take at the rate that oneDNN's f32 matmul "
         "reached in the\nsame process, the middle of the passes; the best of all was "
      << results.f32_gflops << " GFLOP/s";
  if (results.bf16_gflops > 0) out << " (bf16: " << results.bf16_gflops << ")";
  out << ".";
  if (results.disturbed > 0) {
    out << " Other programs computed when " << results.disturbed << " of " << results.runs
        << " runs began.";
  }
  out << "\n\n" << heading(results);
  for (const Row& row : results.rows) out << line(row);
  return out.str();
}

// Puts the table between the markers of a file.
void write(const std::string& path, const std::string& text) {
  std::string file = gradus::read_file(path);
  const std::size_t begin = file.find(kBegin);
  const std::size_t end = file.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw Error(path + ": needs a line \"" + kBegin + "\" and below it \"" + kEnd + "\"");
  }
  const std::size_t from = begin + std::string(kBegin).size();
  file.replace(from, end - from, "\n" + text);
  const std::string_view pieces[] = {file};
  gradus::write_file_atomically(path, pieces);
}

// Peers compute on OpenMP's threads and OpenBLAS's kernels; what a user's shell may say of them is
// not to count: OPENBLAS_CORETYPE=Haswell, for one, halves LibTorch's speed on AVX-512.
void forget_settings_of_peers() {
  std::vector<std::string> names;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view setting = *each;
    for (const char* prefix : {"OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "ATEN_"}) {
      if (setting.starts_with(prefix)) names.emplace_back(setting.substr(0, setting.find('=')));
    }
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

void compare(const Arguments& a) {
  forget_settings_of_peers();
  setenv("OMP_NUM_THREADS", std::to_string(a.threads).c_str(), 1);
  Results results;
  results.peers.resize(a.peers.size());
  for (const std::string& name : a.workloads) {
    Row& row = results.rows.emplace_back();
    row.name = name;
    row.peers.resize(a.peers.size());
    for (int pass = 0; pass < a.passes; ++pass) {
      run_gradus(a, row, results);
      run_peers(a, row, results);
    }
    std::cerr << name << ": " << cell(row.gradus) << " ms\n";
  }
  const std::string text = table(results, a);
  std::cout << text;
  if (!a.write.empty()) write(a.write, text);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  for (const auto& each : gradus::bench::workloads()) arguments.workloads.push_back(each.name);
  CLI::App app("Times Gradus and other frameworks in turn", "bench_compare");
  app.add_option("--gradus", arguments.gradus, "the program gradus")->required();
  app.add_option("--peer", arguments.peers,
                 "a program that runs the workloads in another framework");
  app.add_option("--workload", arguments.workloads, "only these (default: all)");
  app.add_option("--write", arguments.write, "a file with the markers of a table, to be renewed");
  app.add_option("--threads", arguments.threads, "of all programs")->check(CLI::PositiveNumber);
  app.add_option("--passes", arguments.passes, "how often each is run")->check(CLI::PositiveNumber);
  app.add_option("--rounds", arguments.rounds, "timed in a pass")->check(CLI::PositiveNumber);
  app.add_option("--patience", arguments.patience,
                 "seconds for which a run waits until other programs are quiet (default: 10)")
      ->check(CLI::NonNegativeNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    compare(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_compare: " << error.what() << '\n';
    return 1;
  }
}
