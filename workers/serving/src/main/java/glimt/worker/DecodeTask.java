package glimt.worker;

import glimt.bundle.Network;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import glimt.generation.Modalities;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.Work;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.Mosaic;
import glimt.worker.Stopwatch.Lap;
import glimt.worker.Stopwatch.Phase;
import java.util.List;
import java.util.Objects;

/** A decode task: decodes a piece of a latent. */
record DecodeTask(
    Generation generation, Task task, Work.Decode work, LoadedBundle bundle, Attempt attempt) {

  Product product() {
    Level level = Generation.level(task, bundle, work.extents());
    Codec codec = Objects.requireNonNull(level.codec());
    Mosaic latent = Mosaic.of(level);
    List<Segment> segments =
        level.segments().stream().filter(segment -> segment.meets(work.segment())).toList();
    float[] blended =
        latent.blend(work.segment(), generation.pieces(segments, task.inputs(Plan.LATENT)));
    long[] shape = latent.shape(work.segment());
    Network network;
    try (Lap _ = attempt.in(Phase.LOAD)) {
      network = bundle.network(codec);
    }
    Noise noise = new Noise(task.spec().sampling().seed());
    int index = bundle.card().levels().indexOf(bundle.card().level(level.name()));
    Region region = Modalities.of(bundle.card().kind()).region(level, work.segment());
    long began = System.nanoTime();
    float[] decoded;
    try (Lap _ = attempt.in(Phase.DECODE)) {
      decoded =
          new LatentDecoder(codec, network, generation.below(task, codec))
              .decoded(
                  generation.manager(),
                  blended,
                  shape,
                  latent.valuesPerChannel(shape),
                  new DecoderNoise(noise, index, region));
    }
    attempt.spent((System.nanoTime() - began) / 1e9);
    try (Lap _ = attempt.in(Phase.WRITE)) {
      return generation.tensors().sample(decoded, latent.decodedShape(codec, shape));
    }
  }
}
