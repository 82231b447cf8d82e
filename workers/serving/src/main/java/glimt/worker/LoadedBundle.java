package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.LoraOverlay;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.bundle.Tokenizer;
import glimt.job.ArtifactId;
import glimt.job.LoraChoice;
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
import glimt.pipeline.Lexicon;
import glimt.pipeline.TokenIds;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bundle and its networks on one device slot. Only the slot's thread may use it. */
public final class LoadedBundle {
  private static final Logger LOG = LoggerFactory.getLogger(LoadedBundle.class);

  private final Bundle bundle;
  private final NetworkCache networks;
  private final Map<PromptReader, Tokenizer> tokenizers;
  private final Map<String, Lexicon> lexicons;
  private final LoraOverlay overlay;

  /**
   * Opens and checks a bundle.
   *
   * @param networks the networks on the device, which all bundles share
   * @throws glimt.bundle.BundleException if the bundle is invalid; names the file and the cause
   */
  public LoadedBundle(Path folder, NetworkCache networks) {
    this(
        BundleCheck.open(folder, LevelWalk.samplers()),
        networks,
        new HashMap<>(),
        new HashMap<>(),
        LoraOverlay.NONE);
  }

  private LoadedBundle(
      Bundle bundle,
      NetworkCache networks,
      Map<PromptReader, Tokenizer> tokenizers,
      Map<String, Lexicon> lexicons,
      LoraOverlay overlay) {
    this.bundle = bundle;
    this.networks = networks;
    this.tokenizers = tokenizers;
    this.lexicons = lexicons;
    this.overlay = overlay;
  }

  /** Returns the same bundle with the LoRAs of a job laid over its networks. */
  LoadedBundle with(List<LoraChoice> loras) {
    return loras.isEmpty()
        ? this
        : new LoadedBundle(bundle, networks, tokenizers, lexicons, LoraOverlay.of(card(), loras));
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
    Network network = network(level.network());
    return expert == null
        ? network
        : new ExpertNetworks(network, network(expert.network()), expert);
  }

  /** Returns the network of an encoder, loaded on first use. */
  Network network(Encoder encoder) {
    return network(encoder.network());
  }

  /** Returns the network of a decoder, loaded on first use. */
  Network network(Codec codec) {
    return network(codec.network());
  }

  /** Returns any network of the bundle by its stem, loaded on first use. */
  Network network(String stem) {
    Set<NetworkCache.WarmNetwork> warm = networks.warm();
    long began = System.nanoTime();
    Network network = networks.network(bundle, stem, overlay);
    if (!networks.warm().equals(warm)) {
      double seconds = (System.nanoTime() - began) / 1e9;
      LOG.info(
          "loaded {}/{} in {} s", card().name(), stem, String.format(Locale.ROOT, "%.3f", seconds));
    }
    return network;
  }

  /** Returns a lexicon of this bundle by its stem, read on first use. */
  Lexicon lexicon(String stem) {
    return lexicons.computeIfAbsent(stem, _ -> Lexicon.of(stem, bundle::text, bundle::tensors));
  }

  /** Returns the token ids of a prompt for one of this bundle's readers. */
  TokenIds tokens(PromptReader reader, String prompt) {
    if (reader instanceof WordList words) {
      return TokenIds.of(words, prompt);
    }
    if (reader instanceof ClassNames classes) {
      return TokenIds.of(classes, prompt);
    }
    return TokenIds.of(tokenizers.computeIfAbsent(reader, bundle::tokenizer).read(prompt));
  }
}
