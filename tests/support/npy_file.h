// The bytes of .npy files.
#pragma once

#include <string>

namespace gradus::test {

/// A version 1.0 file with this header, padded as NumPy does, and these elements.
inline std::string npy_file(std::string header, const std::string& elements) {
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  std::string bytes = "\x93NUMPY";
  bytes += '\1';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes + header + elements;
}

/// An array of `dtype` ("|u1", "<f4") and `shape` ("(2, 3)").
inline std::string npy_array(const std::string& dtype, const std::string& shape,
                             const std::string& elements) {
  return npy_file("{'descr': '" + dtype + "', 'fortran_order': False, 'shape': " + shape + ", }",
                  elements);
}

}  // namespace gradus::test
