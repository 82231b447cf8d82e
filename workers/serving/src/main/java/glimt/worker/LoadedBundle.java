package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.Network;
import glimt.bundle.Precision;
import glimt.diffusion.Samplers;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import glimt.model.Level;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A bundle and those of its networks that were asked for, on one device slot. Confined to the
 * slot's thread.
 */
public final class LoadedBundle {
  private final Bundle bundle;
  private final Precision precision;
  private final Map<String, Network> networks = new HashMap<>();

  /**
   * @throws glimt.bundle.BundleException naming the file and what is wrong with it
   */
  public LoadedBundle(Path folder, Precision precision) {
    this.bundle = BundleCheck.open(folder, Samplers.names());
    this.precision = precision;
  }

  public BundleCard card() {
    return bundle.card();
  }

  /** The card's digest, which jobs pin. */
  public ArtifactId digest() {
    return bundle.digest();
  }

  /** The network of a level, loaded when first asked for and kept. */
  Network network(Level level) {
    return networks.computeIfAbsent(level.network(), _ -> bundle.network(level, precision));
  }
}
