// The JSON Schema of configs, by which editors complete and check them, made from what is
// registered: the components of a program of your own are in the schema that it prints.
//
//   gradus schema > config.schema.json
//   {"$schema": "config.schema.json", "dataset": {"type": "fashion_mnist"}, ...}
#pragma once

#include "framework/nn/json.h"

namespace gradus {

/// Of draft-07. What it refuses, Config refuses; not the other way round: whether sizes fit each
/// other, and files are there, is known later.
Json config_schema();

}  // namespace gradus
