/**
 * Loads bundles from disk as callable networks: reads cards, maps safetensors files, assembles
 * TorchScript in memory from sources and shared blocks, and opens tokenizers.
 *
 * <p>This is the only package that uses DJL's model loading. No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.bundle;

import org.jspecify.annotations.NullMarked;
