/**
 * Loads bundles from disk as callable networks: reads cards, maps safetensors files, assembles
 * TorchScript in memory from sources and shared blocks, and opens tokenizers.
 *
 * <p>This is the only package that uses DJL's model loading. It uses no actors, SQL or HTTP.
 */
@NullMarked
package glimt.bundle;

import org.jspecify.annotations.NullMarked;
