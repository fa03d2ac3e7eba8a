// `gradus schema`: prints the JSON Schema of configs.
#include "framework/train/config_schema.h"
#include "framework/train/file.h"
#include "framework/train/program.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

void print_schema(const std::string& out) {
  const std::string text = config_schema().dump(2) + "\n";
  if (out.empty()) {
    std::cout << text;
    return;
  }
  const std::string_view pieces[] = {text};
  write_file_atomically(out, pieces);
}

const bool kRegistered = add_command([](CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("schema", "print the JSON Schema of configs, for editors and validators");
  auto out = std::make_shared<std::string>();
  command->add_option("-o,--out", *out, "write it into this file");
  command->callback([out] { print_schema(*out); });
});

}  // namespace
}  // namespace gradus
