package glimt.worker;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.Network;
import glimt.bundle.NetworkCache;
import glimt.diffusion.Samplers;
import glimt.job.ArtifactId;
import glimt.model.BundleCard;
import glimt.model.Level;
import java.nio.file.Path;

/** A bundle and its networks, on one device slot. Confined to the slot's thread. */
public final class LoadedBundle {
  private final Bundle bundle;
  private final NetworkCache networks;

  /**
   * @param networks the device's, which all bundles share
   * @throws glimt.bundle.BundleException naming the file and what is wrong with it
   */
  public LoadedBundle(Path folder, NetworkCache networks) {
    this.bundle = BundleCheck.open(folder, Samplers.names());
    this.networks = networks;
  }

  public BundleCard card() {
    return bundle.card();
  }

  /** The card's digest, which jobs pin. */
  public ArtifactId digest() {
    return bundle.digest();
  }

  /** The network of a level, loaded when first asked for. */
  Network network(Level level) {
    return networks.network(bundle, level);
  }
}
