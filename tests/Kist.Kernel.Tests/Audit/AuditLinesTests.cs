using System.Net;
using Kist.Kernel.Audit;
using Kist.Kernel.Leases;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;
using Kist.Kernel.Wrapping;
using Xunit;
using static Kist.Kernel.Tests.Audit.Expected;
using static Kist.Kernel.Tests.Audit.Scene;

namespace Kist.Kernel.Tests.Audit;

/// <summary>Lines are compared whole, with fields and order as a real Vault's audit log has them.</summary>
public sealed class AuditLinesTests
{
    [Fact]
    public async Task Enabling_writes_a_checkpoint_and_the_test_entry()
    {
        await using var scene = await OpenAsync();
        Assert.Contains(Text("'type':'checkpoint','checkpoint':{'reason':'open','sink':'file/'"), scene.Sink.Lines[0]);
        var test = Assert.Single(scene.Sink.Entries);
        Assert.StartsWith(Text("{'time':'TIME','type':'request','auth':NOBODY,'request':{'id':'"), test);
        Assert.EndsWith(Text("','operation':'update','namespace':{'id':'root'},'path':'sys/audit/test'}}"), test);
    }

    [Fact]
    public async Task A_read_shows_who_and_where_and_the_hashes_of_what()
    {
        await using var scene = await OpenAsync();
        var lines = await scene.LinesOfAsync(Ask(Operation.Read, "secret/data/prod/database"), Root, Kv2, Answer(
            Text("{'data':{'password':'pw','url':'db'},'metadata':{'created_time':'t','deletion_time':'',"
            + "'destroyed':false,'version':1}}")));
        const string request = "'auth':ROOT,'request':{'id':'ID','operation':'read','mount_type':'kv',FIELDS,"
            + "'path':'secret/data/prod/database','remote_address':'127.0.0.1'}";
        Assert.Equal(Text("{'time':'TIME','type':'request'," + request + "}"), lines[0]);
        Assert.Equal(Text("{'time':'TIME','type':'response'," + request + ",'response':{'mount_type':'kv','data':"
            + "{'data':{'password':'<pw>','url':'<db>'},'metadata':{'created_time':'<t>','deletion_time':'<>',"
            + "'destroyed':false,'version':1}}}}"), lines[1]);
    }

    [Fact]
    public async Task A_write_shows_the_hashes_of_its_body_and_an_answer_without_fields()
    {
        await using var scene = await OpenAsync();
        var lines = await scene.LinesOfAsync(Ask(Operation.Update, "auth/token/create",
            Text("{ 'num_uses': 0, 'renewable': true,\n 'policies': ['dev'], 'options': {}, 'none': null }")), Root,
            Mount("auth/token/", "token"));
        const string request = "'auth':ROOT,'request':{'id':'ID','operation':'update','mount_type':'token',FIELDS,"
            + "'path':'auth/token/create','data':{'num_uses':'<0>','renewable':true,'policies':['<dev>'],'options':{},"
            + "'none':null},'remote_address':'127.0.0.1'}";
        Assert.Equal(Text("{'time':'TIME','type':'request'," + request + "}"), lines[0]);
        Assert.Equal(
            Text("{'time':'TIME','type':'response'," + request + ",'response':{'mount_type':'token'}}"), lines[1]);
    }

    [Fact]
    public async Task Query_parameters_are_data_and_an_empty_body_object_is_shown()
    {
        await using var scene = await OpenAsync();
        Request Asked(string body) => new()
        {
            Id = Id, Operation = Operation.Update, Path = Ask(Operation.Read, "secret/data/x").Path,
            Query = [new("version", "2")], Body = System.Text.Encoding.UTF8.GetBytes(Text(body)),
        };
        async Task<string> Shown(string body) => (await scene.LinesOfAsync(Asked(body), null, Kv2))[0];
        Assert.EndsWith(Text("'path':'secret/data/x','data':{'version':'<2>'}}}"), await Shown(""));
        Assert.EndsWith(Text("'data':{'version':'<2>'}}}"), await Shown("{}"));
        Assert.EndsWith(Text("'data':{'a':'<b>','version':'<2>'}}}"), await Shown("{'version':{'v':'1'},'a':'b'}"));
        var empty = await scene.LinesOfAsync(Ask(Operation.Update, "a", "{}"), Root, Kv2);
        Assert.Contains(Text(",'data':{},'remote_address'"), empty[0]);
    }

    [Fact]
    public async Task A_bad_token_is_hashed_and_names_nobody()
    {
        await using var scene = await OpenAsync();
        var lines = await scene.LinesOfAsync(
            Ask(Operation.Read, "secret/data/x", token: "guess"), null, Kv2, fault: Fault.BadToken);
        const string request = "'auth':NOBODY,'request':{'id':'ID','operation':'read','mount_type':'kv',"
            + "'client_token':'<guess>','namespace':{'id':'root'},'path':'secret/data/x','remote_address':'127.0.0.1'}";
        Assert.Equal(Text("{'time':'TIME','type':'request'," + request + ",'error':'permission denied'}"), lines[0]);
        Assert.Equal(Text("{'time':'TIME','type':'response'," + request + ",'response':{'mount_type':'kv','data':"
            + @"{'error':'<permission denied>'}},'error':'1 error occurred:\n\t* permission denied\n\n'}"), lines[1]);
    }

    [Fact]
    public async Task Refusals_show_their_kind_and_hash_what_the_client_saw()
    {
        await using var scene = await OpenAsync();
        var none = await scene.LinesOfAsync(
            Ask(Operation.Read, "secret/data/x", token: null), null, Kv2, fault: Fault.NoToken);
        Assert.EndsWith(Text(",'error':'missing client token'}"), none[0]);
        Assert.EndsWith(Text("'data':{'error':'<missing client token>'}},"
            + @"'error':'1 error occurred:\n\t* invalid request\n\n'}"), none[1]);
        var denied = await scene.LinesOfAsync(Ask(Operation.Read, "secret/data/x"), Root, Kv2, fault: Fault.Denied);
        Assert.EndsWith(Text(@",'error':'1 error occurred:\n\t* permission denied\n\n'}"), denied[0]);
        Assert.Contains(Text("'data':{'error':'<1 error occurred:\n\t* permission denied\n\n>'}}"), denied[1]);
        var absent = await scene.LinesOfAsync(Ask(Operation.Read, "secret/data/x"), Root, Kv2, Fault.NotFound);
        Assert.EndsWith(Text(",'response':{'mount_type':'kv'}}"), absent[1]);
    }

    [Fact]
    public async Task A_wrapped_answer_shows_its_wrapping_and_nothing_of_the_inside()
    {
        await using var scene = await OpenAsync();
        var response = Answer(Text("{'inside':'x'}"));
        response.Wrap = new WrapInfo("wrappingtoken", "wrapaccessor", TimeSpan.FromSeconds(60),
            new DateTimeOffset(2026, 11, 23, 18, 23, 56, TimeSpan.Zero), "secret/data/prod/database", "inner");
        var lines = await scene.LinesOfAsync(
            Ask(Operation.Read, "secret/data/prod/database", wrapTtl: TimeSpan.FromSeconds(60)), Root, Kv2, response);
        Assert.EndsWith(Text(",'remote_address':'127.0.0.1','wrap_ttl':60}}"), lines[0]);
        Assert.EndsWith(Text(",'response':{'mount_type':'kv','wrap_info':{'ttl':60,'token':'<wrappingtoken>',"
            + "'accessor':'<wrapaccessor>','creation_time':'2026-11-23T18:23:56Z',"
            + "'creation_path':'secret/data/prod/database','wrapped_accessor':'<inner>'}}}"), lines[1]);
    }

    [Fact]
    public async Task A_login_is_answered_as_the_token_it_hands_out()
    {
        await using var scene = await OpenAsync();
        var entry = new TokenEntry
        {
            Accessor = "acc", DisplayName = "userpass-alice", Policies = ["default", "dev"],
            Metadata = new Dictionary<string, string> { ["username"] = "alice", ["a"] = "b" },
            EntityId = "02785051-4687-0067-a82d-0abb175c3be6", IssueTime = DateTimeOffset.UnixEpoch,
        };
        var response = new Response
        {
            Token = new IssuedToken("newtoken", entry, ["team"], TimeSpan.FromSeconds(2764800)),
        };
        var lines = await scene.LinesOfAsync(
            Ask(Operation.Update, "auth/userpass/login/alice", Text("{'password':'pw'}"), token: null), null,
            Mount("auth/userpass/", "userpass"), response);
        const string auth = "{'client_token':'<newtoken>','accessor':'<acc>','display_name':'userpass-alice',"
            + "'policies':['default','dev','team'],'token_policies':['default','dev'],'identity_policies':['team'],"
            + "'metadata':{'a':'b','username':'alice'},'entity_id':'02785051-4687-0067-a82d-0abb175c3be6',"
            + "'token_type':'service','token_ttl':2764800}";
        Assert.StartsWith(Text("{'time':'TIME','type':'request','auth':NOBODY,'request':"), lines[0]);
        Assert.StartsWith(Text("{'time':'TIME','type':'response','auth':" + auth + ",'request':"), lines[1]);
        Assert.EndsWith(Text(",'response':{'auth':" + auth + ",'mount_type':'userpass'}}"), lines[1]);
    }

    [Fact]
    public async Task A_token_with_limited_uses_shows_what_remains()
    {
        await using var scene = await OpenAsync();
        var subject = new AuditSubject(new TokenEntry
        {
            Type = TokenType.Batch, Policies = ["response-wrapping"], NumUses = 3,
            CreationTtl = TimeSpan.FromSeconds(60),
        }, ["response-wrapping"], []);
        var request = Ask(Operation.Read, "cubbyhole/response");
        static string Auth(int uses) => Text("'auth':{'client_token':'TOKEN','policies':['response-wrapping'],"
            + $"'token_policies':['response-wrapping'],'remaining_uses':{uses},'token_type':'batch','token_ttl':60}},"
            + "'request':{'id':'ID','operation':'read','client_token':'TOKEN','namespace'");
        Assert.Contains(Auth(3), (await scene.LinesOfAsync(request, subject, null))[0]);
        Assert.Null(await scene.Broker.WriteRequestAsync(new AuditEntry
        {
            Request = request, Subject = subject, Time = scene.Clock.GetUtcNow(), RemainingUses = 1,
        }));
        Assert.Contains(Auth(1), scene.Sink.Entries[^1]);
    }

    [Fact]
    public async Task Leases_warnings_raw_bodies_and_ports_have_their_places()
    {
        await using var scene = await OpenAsync();
        var response = new Response
        {
            Lease = new LeaseGrant("creds", default, default, true, default) { Id = "database/creds/app/1" },
            Warnings = ["line\nbreak 'quoted'"],
        };
        var request = new Request
        {
            Id = Id, Operation = Operation.Read, Path = Ask(Operation.Read, "database/creds/app").Path,
            Remote = IPAddress.Parse("10.0.0.7"), RemotePort = 40123,
        };
        var leased = await scene.LinesOfAsync(request, null, Mount("database/", "database"), response);
        Assert.EndsWith(Text(",'remote_address':'10.0.0.7','remote_port':40123}}"), leased[0]);
        Assert.EndsWith(Text(",'response':{'mount_type':'database','secret':{'lease_id':'database/creds/app/1'},")
            + "\"warnings\":[\"line\\nbreak 'quoted'\"]}}", leased[1]);
        using var text = new Kist.Secrets.SecretWriter();
        text.Write("openapi"u8);
        var raw = await scene.LinesOfAsync(Ask(Operation.Read, "sys/x"), Root, Mount("sys/", "system"),
            new Response { ContentType = "text/plain", Status = 203 }.With(text));
        Assert.EndsWith(Text(",'data':{'http_content_type':'<text/plain>','http_raw_body':'<openapi>',"
            + "'http_status_code':203}}}"), raw[1]);
    }

    [Fact]
    public async Task Headers_are_shown_when_asked_for()
    {
        await using var scene = await OpenAsync();
        scene.Broker.Headers = [new("x-open", Hmac: false), new("x-shut", Hmac: true), new("x-absent", Hmac: false)];
        var request = new Request
        {
            Id = Id, Operation = Operation.Read, Path = Ask(Operation.Read, "a").Path,
            Header = name => name switch { "x-open" => "o\\o", "x-shut" => "s", _ => null },
        };
        Assert.EndsWith(Text(@"'path':'a','headers':{'x-open':['o\\o'],'x-shut':['<s>']}}}"),
            (await scene.LinesOfAsync(request, null, null))[0]);
    }

    [Fact]
    public async Task A_raw_log_hides_nothing()
    {
        await using var scene = await OpenAsync(null, ("log_raw", "true"));
        var line = (await scene.LinesOfAsync(Ask(Operation.Update, "a", Text(@"{'a':'b\n', 'n':1}")), Root, Kv2))[0];
        Assert.Contains($"\"client_token\":\"{Token}\",\"accessor\":\"rootaccessor\",", line);
        Assert.Contains(Text(@",'data':{'a':'b\n','n':1},"), line);
    }

    [Fact]
    public async Task Accessors_can_be_shown()
    {
        await using var scene = await OpenAsync(null, ("hmac_accessor", "false"));
        var answer = Answer(Text("{'accessor':'x','b':{'accessor':'y'}}"));
        var line = (await scene.LinesOfAsync(Ask(Operation.Read, "a"), Root, Kv2, answer))[1];
        Assert.Contains(Text("'accessor':'rootaccessor'"), line);
        Assert.Contains(Text("'client_token_accessor':'rootaccessor'"), line);
        Assert.Contains(Text(",'data':{'accessor':'x','b':{'accessor':'<y>'}}}"), line);
    }

    [Fact]
    public async Task Values_can_be_left_out_and_lines_can_have_a_prefix()
    {
        await using var scene = await OpenAsync(null, ("elide_values", "true"), ("prefix", "@cee: "));
        var line = (await scene.LinesOfAsync(Ask(Operation.Update, "a", Text("{'a':'b','n':1}")), Root, Kv2))[0];
        Assert.StartsWith("@cee: {\"time\"", line);
        Assert.Contains(Text(",'data':{'a':'[elided]','n':'[elided]'},"), line);
        Assert.Null((await VerifyAsync(scene.Sink.Text)).Problem);
    }

    [Fact]
    public async Task Lines_can_be_xml()
    {
        await using var scene = await OpenAsync(null, ("format", "jsonx"), ("prefix", "p "));
        var body = Text(@"{'a<\u0001\n':'b','l':[1,true,null]}");
        Assert.Null(await scene.Broker.WriteRequestAsync(
            scene.Entry(Ask(Operation.Update, "a", body, token: null), null, Mount("x<&/", "x<&"))));
        var line = scene.Sink.Lines[^1];
        Assert.StartsWith("p <json:object><json:string name=\"time\">2026-11-23T18:23:56.0064401Z</json:string>", line);
        Assert.Contains("<json:string name=\"mount_type\">x&lt;&amp;</json:string>", line);
        Assert.Contains("<json:object name=\"data\"><json:string name=\"a&lt;\ufffd&#xA;\">" + Hash("b")
            + "</json:string>"
            + "<json:array name=\"l\"><json:string>" + Hash("1") + "</json:string><json:boolean>true</json:boolean>"
            + "<json:null></json:null></json:array></json:object>", line);
        Assert.Contains("<json:object name=\"chain\"><json:number name=\"seq\">3</json:number>", line);
        Assert.EndsWith("</json:object></json:object>", line);
    }

    [Fact]
    public async Task Long_lists_can_be_replaced_by_their_length()
    {
        await using var scene = await OpenAsync(null, ("elide_list_responses", "true"));
        Response Listing() =>
            Answer(Text("{'keys':['a','b',['c']],'key_info':{'a':{'b':1},'c':{}},'other':['d']}"));
        var line = (await scene.LinesOfAsync(Ask(Operation.List, "a/"), Root, Kv2, Listing()))[1];
        Assert.EndsWith(Text(",'data':{'keys':3,'key_info':2,'other':['<d>']}}}"), line);
        Assert.Contains(Hash("a"), (await scene.LinesOfAsync(Ask(Operation.Read, "a"), Root, Kv2, Listing()))[1]);
    }

    [Theory]
    [InlineData("log_raw", "perhaps")]
    [InlineData("format", "xml")]
    [InlineData("prefix", "a\nb")]
    public async Task Wrong_options_are_named(string option, string value)
    {
        await using var scene = await OpenAsync();
        var fault = await scene.Broker.EnableAsync(Entry("other/", (option, value)), new MemorySink());
        Assert.Equal(FaultKind.Invalid, fault?.Kind);
        Assert.Contains($"\"{option}\"", fault?.Message);
        Assert.Single(scene.Broker.Sinks);
    }

    [Fact]
    public async Task The_hash_of_a_sink_is_the_one_in_its_lines()
    {
        await using var scene = await OpenAsync();
        Assert.Equal(Hash("foo"), scene.Broker.Hash("file/", "foo"));
        Assert.Null(scene.Broker.Hash("none/", "foo"));
    }
}
