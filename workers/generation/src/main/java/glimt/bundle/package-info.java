/**
 * Bundles on disk become functions: cards, safetensors, TorchScript assembled in memory.
 *
 * <p>The only user of DJL's model loading. No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.bundle;

import org.jspecify.annotations.NullMarked;
