using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Kist.Kernel.Audit;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Xunit;
using static Kist.Kernel.Tests.Audit.Expected;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

/// <summary>Attack E04: whatever shape data has, the audit shows keyed hashes of it, or nothing.</summary>
public sealed class AuditRedactorTests
{
    private static async Task<string> AnsweredAsync(Scene scene, MountEntry mount, string json, string path = "a") =>
        (await scene.LinesOfAsync(Ask(Operation.Read, path), Root, mount, Answer(Text(json))))[1];

    [Fact]
    public async Task Every_json_shape_of_a_secret_is_hashed()
    {
        await using var scene = await OpenAsync();
        Assert.EndsWith(Text("'data':{'s':'<s>','e':'<a\nb>','n':'<1.5e3>','t':true,'f':false,'z':null,"
                + "'o':{'p':{'q':'<x>'}},'l':['<1>',['<y>',{}],[],{'k':'<-7>'}]}}}"),
            await AnsweredAsync(scene, Mount("kv/", "kv"), @"{'s':'s','e':'a\nb', 'n':1.5e3,'t':true,'f':false,"
                + "'z':null,'o':{'p':{'q':'x'}},'l':[1,['y',{}],[],{'k':-7}]}"));
        Assert.EndsWith(Text("'data':{}}}"), await AnsweredAsync(scene, Kv2, "{}"));
    }

    [Fact]
    public async Task Numbers_that_callers_stored_are_hashed_and_those_that_engines_count_are_not()
    {
        await using var scene = await OpenAsync();
        const string kv2 = "{'data':{'pin':1234},'metadata':{'version':7}}";
        Assert.EndsWith(Text("'data':{'data':{'pin':'<1234>'},'metadata':{'version':7}}}}"),
            await AnsweredAsync(scene, Kv2, kv2));
        Assert.EndsWith(Text("'data':{'pin':'<1234>'}}}"),
            await AnsweredAsync(scene, Mount("cubbyhole/", "cubbyhole"), "{'pin':1234}"));
        Assert.EndsWith(Text("'data':{'data':{'pin':'<1234>'},'metadata':{'version':'<7>'}}}}"),
            await AnsweredAsync(scene, Mount("sys/", "system"), kv2, "sys/wrapping/unwrap"));
        Assert.EndsWith(Text("'data':{'default_lease_ttl':1234}}}"),
            await AnsweredAsync(scene, Mount("sys/", "system"), "{'default_lease_ttl':1234}", "sys/mounts/x/tune"));
    }

    [Fact]
    public async Task Keys_that_the_mount_names_are_shown()
    {
        await using var scene = await OpenAsync();
        var mount = Kv2 with { AuditNonHmacRequestKeys = ["open"], AuditNonHmacResponseKeys = ["shown"] };
        var request = Ask(Operation.Update, "a", Text("{'open':{'a':[1,'b']},'shown':'c'}"));
        var lines = await scene.LinesOfAsync(request, Root, mount,
            Answer(Text("{'open':'d','shown':['e'],'deep':{'shown':'f'}}")));
        Assert.Contains(Text(",'data':{'open':{'a':[1,'b']},'shown':'<c>'},"), lines[0]);
        Assert.EndsWith(Text(",'data':{'open':'<d>','shown':['e'],'deep':{'shown':'<f>'}}}}"), lines[1]);
    }

    [Theory]
    [InlineData("not json with canary")]
    [InlineData("{\"a\":\"canary\"")]
    [InlineData("[\"canary\"]")]
    [InlineData("\"canary\"")]
    [InlineData("{\"a\":\"canary\"}{\"b\":\"canary\"}")]
    [InlineData("{\"a\":\"canary\"} trailing canary")]
    [InlineData("{\"a\":\"\\udc00 canary\"}")]
    [InlineData("{\"a\":canary}")]
    public async Task What_cannot_be_understood_is_dropped(string json)
    {
        await using var scene = await OpenAsync();
        var mount = Kv2 with { AuditNonHmacRequestKeys = ["b"], AuditNonHmacResponseKeys = ["b"] };
        var lines = await scene.LinesOfAsync(Ask(Operation.Update, "a", json), Root, mount, Answer(json));
        Assert.DoesNotContain("canary", scene.Sink.Text);
        Assert.EndsWith(Text("'path':'a','remote_address':'127.0.0.1'}}"), lines[0]);
        Assert.EndsWith(Text(",'response':{'mount_type':'kv'}}"), lines[1]);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_dropped_or_hashed()
    {
        await using var scene = await OpenAsync();
        var mount = Kv2 with { AuditNonHmacResponseKeys = ["b"] };
        foreach (var json in (string[])["{\"a\":\"\xff\xfe\"}", "{\"b\":\"\xff\xfe\"}", "{\"\xff\":1}"])
        {
            var data = new Kist.Secrets.SecretWriter();
            data.Write(Encoding.Latin1.GetBytes(json));
            await scene.LinesOfAsync(Ask(Operation.Read, "a"), Root, mount, Response.Of(data));
        }
        Assert.DoesNotContain('\ufffd', scene.Sink.Text); // the log is valid UTF-8
    }

    [Fact]
    public async Task No_value_survives_in_any_random_document()
    {
        await using var scene = await OpenAsync();
        var canary = 0;
        var leaf = Gen.OneOf(
            Gen.String.Select(s => (JsonNode?)JsonValue.Create("canary" + s)),
            Gen.Int.Select(_ => (JsonNode?)JsonValue.Create(7_000_000_000_000L + Interlocked.Increment(ref canary))),
            Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)), Gen.Const((JsonNode?)null));
        var list = leaf.Array[0, 4].Select(items => (JsonNode?)new JsonArray(Copies(items)));
        var map = Gen.OneOf(leaf, list).Array[0, 4].Select(Named);
        var document = Gen.OneOf(leaf, list, map).Array[1, 5].Select(Named);
        await document.SampleAsync(async node =>
        {
            var json = node!.ToJsonString();
            var lines = await scene.LinesOfAsync(
                Ask(Operation.Update, "a", json), Root, Mount("kv/", "kv"), Answer(json));
            foreach (var line in lines)
            {
                Assert.DoesNotContain("canary", line);
                Assert.DoesNotContain("7000000", line);
                using var parsed = JsonDocument.Parse(line);
            }
        }, iter: 200, threads: 1);
    }

    private static JsonNode?[] Copies(JsonNode?[] items) => [.. items.Select(item => item?.DeepClone())];

    private static JsonNode? Named(JsonNode?[] items) =>
        new JsonObject(Copies(items).Select((item, i) => KeyValuePair.Create($"k{i}", item)));
}
