// NumPy's files: .npy, one array, and .npz, a zip archive of them.
//
//   "\x93NUMPY", u8 major, u8 minor, length of the header (u16 little-endian in version 1.0, u32 in
//   2.0 and 3.0), the header, the elements
//   header: a Python dict of 'descr', 'fortran_order' and 'shape', then spaces and a line end
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
// The reader believes nothing: the header is checked to the letter, and the elements must be as
// many bytes as it says. Arrays of objects, strings, structures and complex numbers are refused.
#pragma once

#include "framework/tensor/tensor.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

/// The array in a .npy file, contiguous whatever the order in the file. Elements b1, u1, i8, f4 and
/// f8 keep their dtype (bool, uint8, int64, float32, float64); other integers become int64, and f2
/// becomes float32. Both byte orders. Throws FileError, with the file's name and what is wrong.
Tensor read_npy(const std::filesystem::path& path);

/// The same of the bytes of a file; `name` stands for it in messages.
Tensor parse_npy(std::string_view bytes, const std::string& name);

/// The array `name` of a .npz file, compressed or not. Throws FileError for an archive or an array
/// that is missing or unsound.
Tensor read_npz(const std::filesystem::path& path, const std::string& name);

/// The names of the arrays of a .npz file.
std::vector<std::string> npz_names(const std::filesystem::path& path);

}  // namespace gradus::data
