using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Kist.Scan.Sources;

namespace Kist.Scan.Tests.Sources;

public sealed class ArchiveTests
{
    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        return stream.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(content);
        return stream.ToArray();
    }

    [Fact]
    public void Archives_are_opened_and_those_in_them()
    {
        using var folder = new Folder();
        var secret = Text("one\n" + Sample.Line());
        folder.Write("a.zip", Zip(("d/x.txt", secret), ("inner.tar", Folder.Tar(("y.txt", secret)))));
        folder.Write("b.tar.gz", Gzip(Folder.Tar(("z.txt", secret), ("deep.zip", Zip(("w.txt", secret))))));
        folder.Write("c.log.gz", Gzip(secret));

        Assert.Equal(
            ["a.zip!d/x.txt:2", "a.zip!inner.tar!y.txt:2", "b.tar.gz!b.tar!deep.zip!w.txt:2", "b.tar.gz!b.tar!z.txt:2",
                "c.log.gz!c.log:2"], folder.Tree());
        Assert.Empty(folder.Tree(limits: new ScanLimits { ArchiveDepth = 0 }));
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void Large_archives_are_read_as_they_come()
    {
        using var folder = new Folder();
        var large = Text(string.Concat(Enumerable.Repeat("words and words\n", 200_000)) + Sample.Line());
        var noise = new byte[3_000_000];
        new Random(1).NextBytes(noise);
        folder.Write("a.zip", Zip(("noise", noise), ("large.txt", large)));
        folder.Write("b.tgz", Gzip(Folder.Tar(("noise", noise), ("large.txt", large))));

        Assert.Equal(["a.zip!large.txt:200001", "b.tgz!large.txt:200001"], folder.Tree());
    }

    [Fact]
    public void Archives_that_lie_too_deep_are_named()
    {
        using var folder = new Folder();
        var content = Text(Sample.Line());
        for (var i = 0; i < 8; i++) content = Zip(("a.zip", content));
        folder.Write("a.zip", content);

        Assert.Empty(folder.Tree());
        Assert.Equal(1, folder.Tally.UnreadCount);
    }

    [Fact]
    public void A_bomb_is_stopped_and_named()
    {
        using var folder = new Folder();
        var zeros = new byte[1 << 20];
        Array.Fill(zeros, (byte)'a');
        var small = new ScanLimits { FreeBytes = 1 << 20, Ratio = 10 };
        folder.Write("bomb.zip", Zip([.. Enumerable.Range(0, 50).Select(i => ($"f{i}", zeros))]));
        folder.Write("bomb.gz", Gzip(zeros.Concat(zeros).Concat(zeros).ToArray()));
        folder.Write("after.txt", Sample.Line());

        Assert.Equal(["after.txt:1"], folder.Tree(limits: small));
        Assert.Equal(2, folder.Tally.UnreadCount);
        Assert.InRange(folder.Tally.Bytes, 0, 6 << 20);
    }

    [Fact]
    public void Damaged_archives_are_named_and_end_nothing()
    {
        using var folder = new Folder();
        var noise = new byte[100_000];
        new Random(2).NextBytes(noise);
        var zip = Zip(("x.txt", noise));
        var tar = Gzip(Folder.Tar(("y.txt", noise)));
        folder.Write("cut.zip", zip[..(zip.Length / 2)]);
        folder.Write("cut.tgz", tar[..(tar.Length / 2)]);
        folder.Write("after.txt", Sample.Line());

        Assert.Equal(["after.txt:1"], folder.Tree());
        Assert.Equal(2, folder.Tally.UnreadCount);
    }

    [Fact]
    public void A_gzip_that_was_cut_is_named_and_several_in_one_file_are_whole()
    {
        using var folder = new Folder();
        var text = Text(string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\n")) + Sample.Line());
        folder.Write("cut.gz", Gzip(text)[..^1000]);
        folder.Write("two.gz", [.. Gzip(text), .. Gzip(Text("more\n"))]);

        Assert.Equal(["two.gz!two:5001"], folder.Tree());
        Assert.Equal(folder["cut.gz"], Assert.Single(folder.Tally.Unread).Path);
    }

    [Fact]
    public void Damage_anywhere_never_ends_the_scan()
    {
        using var folder = new Folder();
        var random = new Random(3);
        var good = new[]
        {
            Zip(("x.txt", Text(Sample.Line())), ("y.zip", Zip(("z", Text("z"))))),
            Folder.Tar(("x.txt", Text(Sample.Line()))),
            Gzip(Folder.Tar(("x.txt", Text(Sample.Line())))),
        };
        for (var i = 0; i < 150; i++)
        {
            var bytes = good[i % 3].ToArray();
            for (var n = 0; n < 1 + i % 5; n++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            folder.Write($"f{i}", bytes);
        }
        folder.Write("last.txt", Sample.Line());

        Assert.Contains("last.txt:1", folder.Tree());
    }

    [Fact]
    public void An_image_is_read_layer_by_layer_with_what_later_layers_delete_and_its_settings()
    {
        using var folder = new Folder();
        var config = "{\"architecture\":\"amd64\",\"config\":{\"Env\":[\"GITHUB_TOKEN=" + Sample.Token(1)
            + "\"],\"Labels\":{\"token\":\"" + Sample.Token(2)
                + "\"}},\"history\":[{\"created_by\":\"RUN \\u0026\\u0026 curl -H \\\"Authorization: token "
            + Sample.Token(3) + "\\\"\"}]}";
        var manifest = "[{\"Config\":\"blobs/sha256/cc\",\"Layers\":[\"blobs/sha256/aa\",\"blobs/sha256/bb\"]}]";
        folder.Write("image.tar", Folder.Tar(
            ("blobs/sha256/aa", Folder.Tar(("app/secret.txt", Text(Sample.Line(4))))),
            ("blobs/sha256/bb", Gzip(Folder.Tar(("app/.wh.secret.txt", [])))),
            ("blobs/sha256/cc", Text(config)), ("manifest.json", Text(manifest))));

        var found = folder.Tree();
        Assert.Equal(4, found.Length);
        Assert.Contains("image.tar!blobs/sha256/aa!app/secret.txt:1", found);
        Assert.Contains("image.tar!blobs/sha256/cc:1", found);
        Assert.Equal(0, folder.Tally.UnreadCount);
    }

    [Fact]
    public void An_image_that_lacks_a_layer_is_not_whole()
    {
        using var folder = new Folder();
        folder.Write("image.tar", Folder.Tar(("manifest.json",
            Text("[{\"Config\":\"c.json\",\"Layers\":[\"0a/layer.tar\",\"0b/layer.tar\"]}]")),
            ("0a/layer.tar", Folder.Tar(("x", Text("x"))))));

        folder.Tree();
        Assert.Equal("image.tar!0b/layer.tar",
            Assert.Single(folder.Tally.Unread).Path.Replace(folder.Root + "/", ""));
    }

    [Fact]
    public void Archives_in_a_history_are_opened_too()
    {
        using var folder = new Folder().Init();
        folder.Write("a.zip", Zip(("x.txt", Text(Sample.Line()))));
        var brought = folder.Commit("b", "b\n");

        var hit = Assert.Single(folder.History());
        Assert.Equal((brought, "a.zip!x.txt"), (hit.Commit!.Id, hit.Path));
    }
}
