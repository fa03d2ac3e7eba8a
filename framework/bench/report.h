// What `gradus bench` says: as JSON for scripts, as a table for people.
#pragma once

#include "framework/bench/measure.h"
#include "framework/bench/roof.h"

#include <nlohmann/json.hpp>
#include <ostream>

namespace gradus::bench {

/// One measured workload, by the name that the user gave it.
struct Measured {
  std::string name;
  Measurement measurement;
};

/// Seconds that the step's products and convolutions take at the roof.
double roof_seconds(const Measured& measured, const Roof& roof);

Json to_json(const Roof& roof);
Json to_json(const Measured& measured, const Roof& roof);
/// Op by op; `kernels` names what ran below it.
Json profile_json(const Measurement& measurement);

void print(std::ostream& out, const Roof& roof);
void print_heading(std::ostream& out);
void print_row(std::ostream& out, const Measured& measured, const Roof& roof);
void print_profile(std::ostream& out, const Measured& measured);

}  // namespace gradus::bench
