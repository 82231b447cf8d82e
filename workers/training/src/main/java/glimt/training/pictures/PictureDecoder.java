package glimt.training.pictures;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.model.Codec;
import glimt.pipeline.LatentDecoder;

/** Decodes samples of the picture level, one at a time. */
public final class PictureDecoder implements AutoCloseable {
  private final LatentDecoder decoder;
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  /** Takes ownership of the network and closes it. */
  public PictureDecoder(Codec codec, Network network) {
    this.decoder = new LatentDecoder(codec, network);
  }

  /** Decodes a sample [13, 16, 16] in the units of the level to [3, 128, 128] from -1 to 1. */
  public float[] decoded(float[] sample) {
    int plane = Latents.SIDE * Latents.SIDE;
    long[] shape = {sample.length / plane, Latents.SIDE, Latents.SIDE};
    return decoder.decoded(memory, sample, shape, plane);
  }

  @Override
  public void close() {
    decoder.network().close();
    memory.close();
  }
}
