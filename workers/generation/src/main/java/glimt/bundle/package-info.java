/**
 * Bundles on disk become functions: cards, mapped safetensors, TorchScript assembled in memory with
 * the blocks it shares, tokenizers of prompts.
 *
 * <p>The only user of DJL's model loading. No actors, no SQL, no HTTP.
 */
@NullMarked
package glimt.bundle;

import org.jspecify.annotations.NullMarked;
