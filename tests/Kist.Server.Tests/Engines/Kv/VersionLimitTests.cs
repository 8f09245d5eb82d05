using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using Kist.Kernel.Pipeline;
using Kist.Server.Engines.Kv;
using Xunit;

namespace Kist.Server.Tests.Engines.Kv;

/// <summary>Random writes, limits, deletes and destroys against a model of a few lines.</summary>
public sealed class VersionLimitTests
{
    private static readonly Gen<(int What, int Argument)[]> s_steps =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 6]).Array[1, 30];

    [Fact]
    public async Task VersionsAreKeptDeletedAndDestroyedAsTheModelSays()
    {
        await using var node = await LiveNode.StartAsync();
        var run = 0;
        await s_steps.SampleAsync(async steps =>
        {
            var mount = string.Create(CultureInfo.InvariantCulture, $"m{Interlocked.Increment(ref run)}/");
            await node.MountAsync(mount, "kv", "2");
            var model = new Model();
            foreach (var (what, argument) in steps) await ApplyAsync(node, mount, model, what, argument);
            await CompareAsync(node, mount, model);
        }, iter: 60, threads: 1);
    }

    private static async Task ApplyAsync(LiveNode node, string mount, Model model, int what, int argument)
    {
        var one = $$"""{"versions":[{{argument}}]}""";
        switch (what)
        {
            case 0:
                model.ConfigMax = argument;
                await node.DataAsync(Operation.Update, mount + "config", $$"""{"max_versions":{{argument}}}""");
                break;
            case 1:
                model.SecretMax = argument;
                await node.DataAsync(Operation.Update, mount + "metadata/x", $$"""{"max_versions":{{argument}}}""");
                break;
            case 2:
                model.SetDeleted(argument, true);
                await node.DataAsync(Operation.Update, mount + "delete/x", one);
                break;
            case 3:
                model.SetDeleted(argument, false);
                await node.DataAsync(Operation.Update, mount + "undelete/x", one);
                break;
            case 4:
                model.Destroy(argument);
                await node.DataAsync(Operation.Update, mount + "destroy/x", one);
                break;
            default:
                model.Write();
                // Every other payload is too large to stay in the secret's own record when it is not current any more.
                var pad = new string('x', model.Current % 2 * SecretRecord.MostKeptBytes);
                await node.DataAsync(Operation.Update, mount + "data/x",
                    $$$"""{"data":{"v":{{{model.Current}}},"pad":"{{{pad}}}"}}""");
                break;
        }
    }

    private static async Task CompareAsync(LiveNode node, string mount, Model model)
    {
        for (var number = 1; number <= model.Current + 1; number++)
        {
            var version = number.ToString(CultureInfo.InvariantCulture);
            using var response = await node.SendAsync(
                Operation.Read, mount + "data/x", "", LiveNode.Root, ("version", version));
            var isKept = model.Kept.TryGetValue(number, out var state);
            Assert.Equal(isKept, response.HasData);
            if (!isKept) continue;
            var shown = JsonNode.Parse(response.Data.Span)!;
            Assert.Equal(state is { Deleted: false, Destroyed: false } ? number : null, (int?)shown["data"]?["v"]);
            Assert.Equal(state.Destroyed, (bool)shown["metadata"]!["destroyed"]!);
        }
        var storage = node.Kernel.Mounts.Current.At(mount)!.Storage;
        var payloads = model.Kept.Count(v => v.Key != model.Current && !v.Value.Destroyed && v.Key % 2 == 1);
        Assert.Equal(payloads, (await storage.ScanAsync("v/", "", 0, default)).Count);
    }

    private sealed class Model
    {
        private int _oldest;

        public int ConfigMax { get; set; }

        public int SecretMax { get; set; }

        public int Current { get; private set; }

        public Dictionary<int, (bool Deleted, bool Destroyed)> Kept { get; } = [];

        public void Write()
        {
            Kept[++Current] = default;
            var most = Math.Max(ConfigMax, SecretMax) is > 0 and var set ? set : 10;
            if (Current - _oldest >= most) _oldest = Current - most + 1;
            foreach (var number in Kept.Keys.Where(n => n < _oldest).ToList()) Kept.Remove(number);
        }

        public void SetDeleted(int number, bool deleted)
        {
            if (Kept.TryGetValue(number, out var state) && !state.Destroyed) Kept[number] = (deleted, false);
        }

        public void Destroy(int number)
        {
            if (Kept.TryGetValue(number, out var state)) Kept[number] = (state.Deleted, true);
        }
    }
}
