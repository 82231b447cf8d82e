package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import glimt.job.Format;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PointsTest {

  /** A script that prints the number of errors, warnings and messages. */
  private static final String VALIDATE =
      """
      const fs = require('fs'), validator = require('gltf-validator');
      validator.validateBytes(new Uint8Array(fs.readFileSync(process.argv[2]))).then(report => {
        const i = report.issues;
        console.log(i.numErrors, i.numWarnings, i.numInfos, i.numHints, report.info.totalVertexCount);
        console.log(JSON.stringify(i.messages));
      });
      """;

  @Test
  void a_cloud_has_the_same_bytes_in_every_locale() {
    Locale before = Locale.getDefault();
    try {
      for (Format format : List.of(Format.GLB, Format.PLY)) {
        Locale.setDefault(Locale.ROOT);
        byte[] bytes = Given.tree(1024).encoded(format);
        for (String tag :
            List.of("fa-IR", "ar-EG", "tr-TR", "de-DE", "hi-IN-u-nu-deva", "th-TH-u-nu-thai")) {
          Locale.setDefault(Locale.forLanguageTag(tag));
          assertThat(Given.tree(1024).encoded(format)).as(tag + " " + format).isEqualTo(bytes);
        }
      }
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void khronos_validator_has_nothing_to_say_of_a_glb(@TempDir Path folder) throws Exception {
    Path node = Given.program("node");
    Files.writeString(folder.resolve("package.json"), "{\"private\":true}");
    Given.install(folder, "gltf-validator@2.0.0-dev.3.10");
    Files.writeString(folder.resolve("validate.js"), VALIDATE);
    var odd =
        new PointCloud(
            new float[] {-0f, 1e-7f, 0.1f, 3.4e38f, -Float.MIN_NORMAL, 1 / 3f}, new byte[6]);
    for (PointCloud cloud :
        List.of(Given.tree(4096), odd, new PointCloud(new float[3], new byte[3]))) {
      Files.write(folder.resolve("cloud.glb"), cloud.encoded(Format.GLB));
      Given.Said verdict = Given.run(folder, List.of(node.toString(), "validate.js", "cloud.glb"));
      assertThat(verdict.words()).startsWith("0 0 0 0 " + cloud.size() + "\n");
    }
  }

  /**
   * A script that prints the number of points and the largest difference between the colours of the
   * two files.
   */
  private static final String COMPARE =
      """
      import fs from 'node:fs';
      import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
      import { PLYLoader } from 'three/examples/jsm/loaders/PLYLoader.js';
      globalThis.self = globalThis;
      const bytes = name => new Uint8Array(fs.readFileSync(name)).buffer;
      const scene = (await new GLTFLoader().parseAsync(bytes('cloud.glb'), '')).scene;
      let glb;
      scene.traverse(one => { if (one.isPoints) glb = one.geometry.attributes; });
      const ply = new PLYLoader().parse(bytes('cloud.ply')).attributes;
      let apart = 0;
      for (let i = 0; i < glb.color.count; i++)
        for (const get of ['getX', 'getY', 'getZ'])
          apart = Math.max(apart, Math.abs(glb.color[get](i) - ply.color[get](i)));
      console.log(glb.position.count, ply.position.count, apart < 0.002 ? 'alike' : apart);
      """;

  @Test
  void three_reads_the_same_colours_of_a_glb_and_a_ply(@TempDir Path folder) throws Exception {
    Path node = Given.program("node");
    Files.writeString(folder.resolve("package.json"), "{\"private\":true,\"type\":\"module\"}");
    Given.install(folder, "three@0.187.0");
    Files.writeString(folder.resolve("compare.js"), COMPARE);
    PointCloud cloud = Given.tree(4096);
    Files.write(folder.resolve("cloud.glb"), cloud.encoded(Format.GLB));
    Files.write(folder.resolve("cloud.ply"), cloud.encoded(Format.PLY));
    Given.Said verdict = Given.run(folder, List.of(node.toString(), "compare.js"));
    assertThat(verdict.words()).isEqualTo("4096 4096 alike\n");
  }

  @Test
  void assimp_reads_the_colours_of_a_glb(@TempDir Path folder) throws Exception {
    Path assimp = Given.program("assimp");
    PointCloud cloud = Given.tree(64);
    Files.write(folder.resolve("cloud.glb"), cloud.encoded(Format.GLB));
    Given.Said done =
        Given.run(folder, List.of(assimp.toString(), "export", "cloud.glb", "cloud.ply"));
    assertThat(done.exit()).as(done.words()).isZero();
    List<String> lines = Files.readAllLines(folder.resolve("cloud.ply"));
    int first = lines.indexOf("end_header") + 1;
    for (int i = 0; i < 64; i++) {
      String[] values = lines.get(first + i).split(" ", -1);
      for (int k = 0; k < 3; k++) {
        double encoded = (cloud.rgb()[3 * i + k] & 0xff) / 255.0;
        double linear =
            encoded <= 0.04045 ? encoded / 12.92 : Math.pow((encoded + 0.055) / 1.055, 2.4);
        assertThat(Integer.parseInt(values[3 + k]))
            .isBetween((int) (linear * 255) - 1, (int) (linear * 255) + 1);
      }
    }
  }

  /**
   * Imitates how trimesh reads COLOR_0: it uses the accessor's component type, ignores {@code
   * normalized}, and treats all types other than floats as bytes. Colours must therefore be floats.
   */
  @Test
  void colours_are_floats_which_readers_that_ignore_normalization_get_right() throws Exception {
    byte[] glb = Given.tree(8).encoded(Format.GLB);
    int json = ByteBuffer.wrap(glb).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    String scene = new String(glb, 20, json, StandardCharsets.UTF_8);
    assertThat(scene)
        .contains("{\"bufferView\":1,\"componentType\":5126,\"count\":8,\"type\":\"VEC3\"}")
        .doesNotContain("normalized");
  }

  @Test
  void a_glb_holds_the_points_and_gives_every_colour_back() {
    byte[] colours = new byte[3 * 256];
    float[] xyz = new float[3 * 256];
    for (int i = 0; i < xyz.length; i++) {
      colours[i] = (byte) (i / 3);
      xyz[i] = i / 7f;
    }
    byte[] glb = new PointCloud(xyz, colours).encoded(Format.GLB);
    var file = ByteBuffer.wrap(glb).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(file.getInt(8)).isEqualTo(glb.length);
    int json = file.getInt(12);
    assertThat(new String(glb, 20, json, StandardCharsets.UTF_8))
        .contains("\"count\":256")
        .contains("\"mode\":0");
    file.position(20 + json + 8);
    for (float coordinate : xyz) {
      assertThat(file.getFloat()).isEqualTo(coordinate);
    }
    for (int i = 0; i < 256; i++) {
      double linear = file.getFloat();
      double encoded =
          linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.pow(linear, 1 / 2.4) - 0.055;
      assertThat(Math.round(encoded * 255)).isEqualTo(i);
      file.position(file.position() + 8);
    }
    assertThat(file.hasRemaining()).isFalse();
  }

  @Test
  void a_ply_reads_back_by_its_own_header() {
    PointCloud cloud = Given.tree(100);
    byte[] ply = cloud.encoded(Format.PLY);
    String text = new String(ply, StandardCharsets.ISO_8859_1);
    int body = text.indexOf("end_header\n") + 11;
    var header = new Scanner(text.substring(0, body));
    assertThat(header.nextLine()).isEqualTo("ply");
    assertThat(header.nextLine()).isEqualTo("format binary_little_endian 1.0");
    int points = 0;
    int stride = 0;
    while (header.hasNextLine()) {
      String[] words = header.nextLine().split(" ", -1);
      switch (words[0]) {
        case "element" -> points = Integer.parseInt(words[2]);
        case "property" -> stride += words[1].equals("float") ? 4 : 1;
        default -> assertThat(words[0]).isIn("comment", "end_header");
      }
    }
    assertThat(points).isEqualTo(100);
    assertThat(ply).hasSize(body + points * stride);
    var values = ByteBuffer.wrap(ply).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 300; i++) {
      int at = body + i / 3 * stride;
      assertThat(values.getFloat(at + i % 3 * 4)).isEqualTo(cloud.xyz()[i]);
      assertThat(values.get(at + 12 + i % 3)).isEqualTo(cloud.rgb()[i]);
    }
  }

  @Test
  void rows_of_six_become_points_and_bytes() {
    var cloud = PointCloud.ofRows(new float[] {1, 2, 3, 0, 0.5f, 2, -1, -2, -3, -1, 1, 0.25f});
    assertThat(cloud)
        .isEqualTo(
            new PointCloud(
                new float[] {1, 2, 3, -1, -2, -3}, new byte[] {0, (byte) 128, -1, 0, -1, 64}));
  }

  @Test
  void clouds_that_cannot_be_are_refused_in_words() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PointCloud(new float[0], new byte[0]))
        .withMessageContaining("not 0 coordinates");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PointCloud(new float[6], new byte[3]))
        .withMessage("got 3 colour bytes for 2 points, which need 6");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PointCloud(new float[] {0, 0, 0, 0, Float.NaN, 0}, new byte[6]))
        .withMessage("point 1 has the coordinate NaN; coordinates must be finite");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PointCloud.ofRows(new float[] {0, 0, 0, 0, Float.NaN, 0}))
        .withMessage("a colour of point 0 is NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Given.tree(1).encoded(Format.MP4))
        .withMessage("points cannot be written as MP4; use GLB or PLY");
  }
}
