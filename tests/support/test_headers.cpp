// A library must have a source; what this one is for is its precompiled headers, see tests/CMakeLists.txt.
