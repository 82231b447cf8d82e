package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Tokenizer;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.model.PromptReader;
import glimt.model.WordList;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.TokenIds;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A bundle and its networks, on one device slot. Confined to the slot's thread. */
public final class LoadedBundle {
  private final Bundle bundle;
  private final NetworkCache networks;
  private final Map<PromptReader, Tokenizer> tokenizers = new HashMap<>();

  /**
   * @param networks the device's, which all bundles share
   * @throws glimt.bundle.BundleException naming the file and what is wrong with it
   */
  public LoadedBundle(Path folder, NetworkCache networks) {
    this.bundle = BundleCheck.open(folder, LevelWalk.samplers());
    this.networks = networks;
  }

  public BundleCard card() {
    return bundle.card();
  }

  /** The card's digest, which jobs pin. */
  public ArtifactId digest() {
    return bundle.digest();
  }

  /** The digests of older cards whose jobs get the same bytes from this bundle. */
  public List<ArtifactId> restated() {
    return card().restates().stream().map(ArtifactId::new).toList();
  }

  /** Whether a job that pins this digest is one for this bundle. */
  boolean serves(ArtifactId pinned) {
    return digest().equals(pinned) || restated().contains(pinned);
  }

  /** The network of a level, loaded when first asked for. */
  Network network(Level level) {
    return networks.network(bundle, level.network());
  }

  /** The network of an encoder, likewise. */
  Network network(Encoder encoder) {
    return networks.network(bundle, encoder.network());
  }

  /** The network of a decoder, likewise. */
  Network network(Codec codec) {
    return networks.network(bundle, codec.network());
  }

  /** A prompt as a reader of this bundle reads it. */
  TokenIds tokens(PromptReader reader, String prompt) {
    if (reader instanceof WordList words) {
      return TokenIds.of(words, prompt);
    }
    Tokenizer.Tokens reading = tokenizers.computeIfAbsent(reader, bundle::tokenizer).read(prompt);
    return new TokenIds(reading.ids(), reading.read());
  }
}
