package glimt.deploy.command;

import glimt.bundle.BundleException;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.Visible;
import glimt.published.BundleImport;
import glimt.published.ImportLevels;
import glimt.published.ImportOptions;
import glimt.published.SingleFileOptions;
import glimt.worker.SmokeSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code glimt import}: from a published pipeline to a bundle. */
@Command(
    name = "import",
    description = {
      "Makes a bundle of a published model.",
      "SOURCE is a folder of diffusers with its model_index.json; one of Point-E's "
          + "files, with CLIP's text encoder in clip/text_encoder and clip/tokenizer; "
          + "Stable Diffusion 1, 2 or XL in a single safetensors or ckpt file; or the "
          + "networks of Stable Diffusion, Wan 2.1 or LTX-Video in files of their own, as "
          + "ComfyUI's folders or Wan's authors keep them. Files are recognised by their "
          + "tensors. Everything is checked, and a small sample made.",
      "Weights are not copied but linked to, so they have to stay where they are if "
          + "they lie on another file system; only a pickle, which is read as data and never "
          + "run, is written anew. Farms that start on the home afterwards offer the bundle."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt import stable-diffusion-v1-5",
      "  glimt import models/sdxl-base --name sdxl --variant fp16",
      "  glimt import Wan2.1-T2V-1.3B-Diffusers --no-sample",
      "  glimt import point-e",
      "  glimt import sdxl-base --name watercolour --lora watercolour.safetensors:0.8",
      "  glimt import sd15 --offer-lora ink=ink.safetensors --offer-lora paper=paper.safetensors",
      "  glimt import sd15 --levels sd15:0.4:1024x1024/512x512 --name sd15-large",
      "  glimt import zeroscope_v2_576w --size 576x320x24 --levels zeroscope_v2_XL:0.6:1024x576",
      "  glimt import Wan2.1 --size 416x240x81 --levels Wan2.1:0.4:832x480/416x240x41",
      "  glimt import sd15 --levels stable-diffusion-x4-upscaler --name sd15-2048",
      "  glimt import LTX-0.9.7-distilled --guidance 1 --timesteps"
          + " 1000,993,987,981,975,909,725,0.03 --levels"
          + " ltxv-spatial-upscaler-0.9.7:0.999@1000,909,725,421,0",
      "  glimt import IF-I-M-v1.0 IF-II-M-v1.0 --name deepfloyd",
      "  glimt import v1-5-pruned-emaonly.safetensors --tokenizer clip-vit-large-patch14",
      "  glimt import v2-1_512-ema-pruned.ckpt --tokenizer clip --prediction epsilon",
      "  glimt import Wan2.1-T2V-1.3B --dtype bfloat16",
      "  glimt import wan2.1_t2v_1.3B_fp16.safetensors umt5_xxl_fp16.safetensors"
          + " wan_2.1_vae.safetensors --tokenizer umt5-xxl",
      "  glimt import ltx-video-2b-v0.9.safetensors t5xxl_fp16.safetensors --tokenizer t5-v1_1-xxl"
    })
public final class ImportModel implements Callable<Integer> {
  @Parameters(
      paramLabel = "SOURCE",
      arity = "1..*",
      description =
          "The folder or file that was published; of a cascade, all folders, from the base up; of"
              + " networks in files of their own, their folder or all files.")
  private List<Path> sources;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "",
      description = "What jobs call the bundle (default: as the folder).")
  private String name;

  @Option(
      names = "--variant",
      paramLabel = "VARIANT",
      defaultValue = "",
      description = "Of the weights, such as fp16, where there are several (default: the full).")
  private String variant;

  @Option(
      names = "--clip-skip",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many of the last layers of CLIP are left out (default: 0).")
  private int clipSkip;

  @Option(
      names = "--text-length",
      paramLabel = "N",
      defaultValue = "0",
      description = "How many tokens of a prompt T5 reads (default: as many as the pipeline).")
  private int textLength;

  @Option(
      names = "--lora",
      paramLabel = "FILE[:WEIGHT]",
      description =
          "A LoRA, a file or PEFT's folder, that is merged into copies of the tensors it changes "
              + "(default weight: 1). May be given several times.")
  private List<String> loras = List.of();

  @Option(
      names = "--offer-lora",
      paramLabel = "NAME=FILE",
      description =
          "A LoRA, a file or PEFT's folder, that jobs may choose by this name and with a weight."
              + " May be given several times.")
  private List<String> offered = List.of();

  @Option(
      names = "--size",
      paramLabel = "WIDTHxHEIGHT[xFRAMES]",
      description = "Of what the pipeline makes where a job does not say (default: as published).")
  private @Nullable String size;

  @Option(
      names = "--guidance",
      paramLabel = "WEIGHT",
      description = "Of every level where a job does not say; 1 for distilled models.")
  private @Nullable Double guidance;

  @Option(
      names = "--timesteps",
      paramLabel = "T,T,…",
      defaultValue = "",
      description = "Of the pipeline's walk, as distilled models list them.")
  private String timesteps;

  @Option(
      names = "--levels",
      paramLabel = "SOURCE[:STRENGTH][:SIZE[/TILE]][@T,T,…]",
      description =
          "A pipeline above, which refines what the one below made: it is resized to SIZE, noised"
              + " and denoised again along STRENGTH of the walk (default: 0.6 of it), in one piece"
              + " or in TILEs, which overlap. Sizes are WIDTHxHEIGHT or WIDTHxHEIGHTxFRAMES, Ts the"
              + " walk's timesteps. An upsampler of LTX-Video enlarges latents for the pipeline"
              + " below; Stable Diffusion's makes four times the height and width. May be given"
              + " several times.")
  private List<String> levels = List.of();

  @Option(
      names = "--tokenizer",
      paramLabel = "FOLDER",
      description =
          "For files of weights: a folder with CLIP's vocab.json and merges.txt, or T5's"
              + " spiece.model, which no such file holds.")
  private @Nullable Path tokenizer;

  @Option(
      names = "--config",
      paramLabel = "FOLDER",
      description =
          "For files of weights: a folder of diffusers whose configurations, scheduler and"
              + " tokenizers hold (default: as the published models of its kind).")
  private @Nullable Path config;

  @Option(
      names = "--prediction",
      paramLabel = "v|epsilon",
      defaultValue = "",
      description =
          "For a single file: what its U-Net answers (default: v for Stable Diffusion 2, as its 768"
              + " pixel model; epsilon for the others).")
  private String prediction;

  @Option(
      names = "--dtype",
      paramLabel = "float32|bfloat16|float16",
      defaultValue = "",
      description =
          "Format in which the weights are kept, converted once where they are published in"
              + " another, and in which the networks compute. T5 takes bfloat16 for float16, and"
              + " autoencoders that say so float32 (default: kept as published, computed in the"
              + " worker's --precision).")
  private String dtype;

  @Option(names = "--no-sample", description = "Make no sample.")
  private boolean noSample;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws InterruptedException {
    ImportOptions options = options();
    ImportLevels wanted = levels();
    Home at = home.open();
    Logs.to(at.logs().resolve("import.log"));
    try (AtExit exit = new AtExit()) {
      BundleImport bundle =
          exit.open(
              () -> BundleImport.of(sources, wanted, at.models(), options), BundleImport::close);
      bundle.lines().forEach(line -> System.err.println(Visible.of(line)));
      if (!noSample) {
        System.err.println("its folder holds " + sample(bundle.folder(), at));
      }
      System.out.println(bundle.install());
      at.address()
          .ifPresent(
              farm ->
                  System.err.println(
                      "the farm at %s offers it from its next start on".formatted(farm)));
      return 0;
    } catch (BundleException e) {
      throw new DeployException(String.valueOf(e.getMessage()), e);
    }
  }

  private static Path sample(Path bundle, Home at) throws InterruptedException {
    try {
      return SmokeSample.of(bundle, cache(at)).getFileName();
    } catch (RuntimeException e) {
      throw new DeployException(
          "the bundle is as it should be, but its sample failed: %s; --no-sample imports it all the same"
              .formatted(e.getMessage()),
          e);
    }
  }

  private ImportOptions options() {
    try {
      return new ImportOptions(
          name,
          variant,
          clipSkip,
          textLength,
          loras.stream().map(ImportOptions.LoraFile::parse).toList(),
          offered.stream().map(ImportOptions.NamedLora::parse).toList(),
          new SingleFileOptions(config, tokenizer, prediction),
          ImportOptions.dtype(dtype));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()));
    }
  }

  private ImportLevels levels() {
    try {
      return new ImportLevels(
          size == null ? null : ImportLevels.PixelSize.parse(size),
          guidance,
          timesteps.isEmpty() ? List.of() : ImportLevels.timesteps(timesteps),
          levels.stream().map(ImportLevels.LevelSource::parse).toList());
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()));
    }
  }

  private static Path cache(Home at) {
    try {
      return Files.createDirectories(at.cache());
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be written".formatted(at.folder()), e);
    }
  }
}
