package glimt.training.clips;

import ai.djl.ndarray.NDManager;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.Precision;
import glimt.cascade.Cascade;
import glimt.cascade.Mosaic;
import glimt.cascade.Piece;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.frames.Enlargement;
import glimt.job.Axis;
import glimt.job.Level;
import glimt.job.Segment;
import glimt.media.ContactSheet;
import glimt.media.Frames;
import glimt.media.Picture;
import glimt.metrics.Clips;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * Unselected results of the whole cascade, made level by level and segment by segment as jobs make
 * them.
 *
 * @param sheet four frames of each clip, with what was asked for below
 * @param seams steps between pixels where tiles are blended over those elsewhere; that of the
 *     enlarged level below is 1
 * @param seconds a clip
 */
public record Showing(Picture sheet, double seams, double seconds) {
  private static final int CLIPS = 16;
  private static final int FRAMES = 4;
  private static final int SIDE = 64;

  /** Shows clips of prompts spread evenly over those given, seeds counted from 1. */
  static Showing of(Bundle bundle, List<String> prompts) throws InterruptedException {
    Level level = bundle.card().levels().getLast();
    Level under = bundle.card().levels().get(bundle.card().levels().size() - 2);
    int count = level.axis("frames").extent();
    int size = level.axis("width").extent();
    int small = under.axis("width").extent();
    Axis tiles = level.axis("width");
    int from = tiles.step() + tiles.halo();
    int to = tiles.window() - tiles.halo();
    List<ContactSheet.Cell> cells = new ArrayList<>();
    double seams = 0;
    long began = System.nanoTime();
    Map<Level, Network> networks = new HashMap<>();
    for (Level each : bundle.card().levels()) {
      networks.put(each, bundle.network(each.name(), Precision.ofThisProcessor()));
    }
    try (NDManager memory = NDManager.newBaseManager("PyTorch")) {
      Cascade cascade = new Cascade(bundle.card(), networks::get, bundle.card().name());
      for (int i = 0; i < CLIPS; i++) {
        // A step that shares no factor with the number of prompts, so that every word has its turn.
        String prompt = prompts.get((i * (prompts.size() / CLIPS) + i % 8) % prompts.size());
        List<float[]> samples = made(bundle, cascade, memory, prompt, i + 1L);
        float[] clip = samples.getLast();
        float[] plain =
            Enlargement.inSpace(samples.get(samples.size() - 2), small, small, size / small);
        seams += Clips.seams(clip, size, from, to) / Clips.seams(plain, size, from, to) / CLIPS;
        Frames frames = Frames.ofSample(clip, count, size, size, bundle.card().fps());
        List<String> words = List.of(prompt.split(" ", -1));
        for (int frame = 0; frame < FRAMES; frame++) {
          String word =
              frame == 0
                  ? words.get(1)
                  : frame == 1 ? words.get(3) : frame == 2 ? words.get(5) : "";
          cells.add(new ContactSheet.Cell(frames.picture(frame * count / FRAMES), word));
        }
      }
    } finally {
      networks.values().forEach(Network::close);
    }
    double seconds = (System.nanoTime() - began) / 1e9 / CLIPS;
    return new Showing(ContactSheet.of(cells, 2 * FRAMES, SIDE), seams, seconds);
  }

  /** The samples of all levels from the base up. */
  private static List<float[]> made(
      Bundle bundle, Cascade cascade, NDManager memory, String prompt, long seed)
      throws InterruptedException {
    List<Integer> words = bundle.card().vocabulary().read(prompt).tokens();
    List<float[]> samples = new ArrayList<>();
    for (Level level : bundle.card().levels()) {
      float[] below = samples.isEmpty() ? null : samples.getLast();
      List<float[]> pieces = new ArrayList<>();
      for (Segment segment : level.segments()) {
        try (Piece piece =
                cascade.piece(memory, level, segment, level.sampling(), seed, words, below);
            Waypoint start = piece.start();
            Waypoint end = piece.walk(start, Observer.NOBODY)) {
          pieces.add(piece.sample(end));
        }
      }
      samples.add(Mosaic.joined(level, pieces));
    }
    return samples;
  }

  /** The sheet as a JPEG file. */
  public byte[] jpeg() {
    BufferedImage image =
        new BufferedImage(sheet.width(), sheet.height(), BufferedImage.TYPE_INT_RGB);
    byte[] rgb = sheet.rgb();
    for (int i = 0; i < rgb.length / 3; i++) {
      int colour =
          ((rgb[3 * i] & 0xff) << 16) | ((rgb[3 * i + 1] & 0xff) << 8) | (rgb[3 * i + 2] & 0xff);
      image.setRGB(i % sheet.width(), i / sheet.width(), colour);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "jpg", bytes);
    } catch (IOException impossible) {
      throw new UncheckedIOException("cannot write to memory", impossible);
    }
    return bytes.toByteArray();
  }
}
