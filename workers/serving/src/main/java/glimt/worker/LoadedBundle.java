package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Tokenizer;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import glimt.model.ClassNames;
import glimt.model.Codec;
import glimt.model.Encoder;
import glimt.model.Expert;
import glimt.model.Level;
import glimt.model.PromptReader;
import glimt.model.WordList;
import glimt.pipeline.ExpertNetworks;
import glimt.pipeline.LevelWalk;
import glimt.pipeline.TokenIds;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A bundle and its networks on one device slot. Only the slot's thread may use it. */
public final class LoadedBundle {
  private final Bundle bundle;
  private final NetworkCache networks;
  private final Map<PromptReader, Tokenizer> tokenizers = new HashMap<>();

  /**
   * Opens and checks a bundle.
   *
   * @param networks the networks on the device, which all bundles share
   * @throws glimt.bundle.BundleException if the bundle is invalid; names the file and the cause
   */
  public LoadedBundle(Path folder, NetworkCache networks) {
    this.bundle = BundleCheck.open(folder, LevelWalk.samplers());
    this.networks = networks;
  }

  /** Returns the bundle's card. */
  public BundleCard card() {
    return bundle.card();
  }

  /** Returns the digest of the card, which jobs refer to. */
  public ArtifactId digest() {
    return bundle.digest();
  }

  /** Returns the digests of older cards whose jobs get the same bytes from this bundle. */
  public List<ArtifactId> restated() {
    return card().restates().stream().map(ArtifactId::new).toList();
  }

  /** Returns whether this bundle can do the tasks of jobs that were planned with this card. */
  boolean serves(ArtifactId pinned) {
    return digest().equals(pinned) || restated().contains(pinned);
  }

  /** Returns the network of a level, or its two, loaded on first use. */
  Network network(Level level) {
    Expert expert = level.expert();
    Network network = networks.network(bundle, level.network());
    return expert == null
        ? network
        : new ExpertNetworks(network, networks.network(bundle, expert.network()), expert);
  }

  /** Returns the network of an encoder, loaded on first use. */
  Network network(Encoder encoder) {
    return networks.network(bundle, encoder.network());
  }

  /** Returns the network of a decoder, loaded on first use. */
  Network network(Codec codec) {
    return networks.network(bundle, codec.network());
  }

  /** Returns any network of the bundle by its stem, loaded on first use. */
  Network network(String stem) {
    return networks.network(bundle, stem);
  }

  /** Returns the token ids of a prompt for one of this bundle's readers. */
  TokenIds tokens(PromptReader reader, String prompt) {
    if (reader instanceof WordList words) {
      return TokenIds.of(words, prompt);
    }
    if (reader instanceof ClassNames classes) {
      return TokenIds.of(classes, prompt);
    }
    Tokenizer.Tokens reading = tokenizers.computeIfAbsent(reader, bundle::tokenizer).read(prompt);
    return new TokenIds(reading.ids(), reading.read(), reading.cutFrom());
  }
}
