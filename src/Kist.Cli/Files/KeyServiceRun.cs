using System.Buffers.Binary;
using System.Net;
using System.Text;
using Kist.Cli.Input;
using Kist.Formats.Sops;
using Kist.Secrets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;

namespace Kist.Cli.Files;

/// <summary>`keyservice`: answers sops and kist elsewhere with the keys of this machine (gRPC without TLS, as sops'
/// own).
/// </summary>
internal sealed class KeyServiceRun(FileCall call, ISopsKeySource[] sources)
{
    private const int MaxMessage = 1 << 20, InvalidArgument = 3, PermissionDenied = 7, Unimplemented = 12, Unknown = 2;
    private readonly SemaphoreSlim _one = new(1);

    public static int Run(FileCall call)
    {
        var network = call.Text(FileFlag.Network) ?? "tcp";
        var address = call.Text(FileFlag.Address) ?? "127.0.0.1:5000";
        if (network is not ("tcp" or "unix"))
            return call.Fail(SopsExit.Generic, $"the network {network} is unknown", "--network unix --address /PATH");
        IPEndPoint? endpoint = null;
        if (network == "tcp" && !IPEndPoint.TryParse(address.Replace("localhost:", "127.0.0.1:"), out endpoint))
            return call.Fail(SopsExit.Generic, $"{address} is no address and port", "--address 127.0.0.1:5000");
        if (endpoint is not null && !IPAddress.IsLoopback(endpoint.Address))
            call.Screen.Warn("whoever reaches this address can decrypt with your keys, and the talk is not encrypted");
        var service = new KeyServiceRun(call, FileKeys.Local(call));
        return service.ListenAsync(endpoint, address).GetAwaiter().GetResult();
    }

    private async Task<int> ListenAsync(IPEndPoint? endpoint, string path)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = MaxMessage;
            void Http2(ListenOptions listen) => listen.Protocols = HttpProtocols.Http2;
            if (endpoint is not null) options.Listen(endpoint, Http2);
            else options.ListenUnixSocket(path, Http2);
        });
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        try
        {
            if (endpoint is null && File.Exists(path)) File.Delete(path);
            await app.StartAsync();
            if (endpoint is null && !OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (IOException e)
        {
            return call.Fail(SopsExit.Generic, $"cannot listen: {e.Message.TrimEnd('.')}");
        }
        call.Screen.Ask($"Listening on {(endpoint is null ? $"unix://{path}" : $"tcp://{endpoint}")}\n");
        await app.WaitForShutdownAsync();
        if (endpoint is null) File.Delete(path);
        return 0;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var verb = context.Request.Path.Value is "/KeyService/Encrypt" or "/KeyService/Decrypt"
            ? context.Request.Path.Value[12..] : null;
        context.Response.ContentType = "application/grpc";
        if (verb is null)
        {
            End(context, Unimplemented, "there is no such method");
            return;
        }
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var framed = body.ToArray();
        if (framed.Length < 5 || framed[0] != 0
            || BinaryPrimitives.ReadInt32BigEndian(framed.AsSpan(1)) != framed.Length - 5
            || KeyMessage.ReadRequest(framed[5..], verb == "Decrypt", out var bytes) is not { } key)
        {
            End(context, InvalidArgument, "the request names no key");
            return;
        }
        // One at a time: a person may be asked, and gpg and plug-ins have one terminal.
        await _one.WaitAsync(context.RequestAborted);
        try
        {
            if (call.Has(FileFlag.Prompt) && !Agrees(verb, key))
            {
                End(context, PermissionDenied, "the person there did not agree");
                return;
            }
            var answer = await AskAsync(verb, key, bytes, context.RequestAborted);
            if (answer.Fault is { } fault) End(context, Unknown, fault.Message);
            else await SendAsync(context, answer.Value!);
            if (call.Has(FileFlag.Verbose)) call.Screen.Ask($"{verb} with {key.Kind} {key.Id}\n");
        }
        finally
        {
            _one.Release();
            framed.AsSpan().Clear();
            bytes.AsSpan().Clear();
        }
    }

    private async ValueTask<SopsOutcome<SecretBuffer>> AskAsync(
        string verb, MasterKey key, byte[] bytes, CancellationToken ct)
    {
        var source = Array.Find(sources, s => s.Kind == key.Kind);
        if (source is null)
            return new SopsFault(SopsExit.Generic, $"keys of the kind {key.Kind} are not supported here");
        if (verb == "Decrypt") return await source.UnwrapAsync(key, ct);
        return (await source.WrapAsync(key, bytes, ct)).Try(out var wrapped, out var fault)
            ? SecretBuffer.Copy(Encoding.UTF8.GetBytes(wrapped.Enc)) : fault;
    }

    private static async Task SendAsync(HttpContext context, SecretBuffer answer)
    {
        using (answer)
        {
            var message = KeyMessage.Answer(answer.Span);
            var framed = new byte[message.Length + 5];
            BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(1), message.Length);
            message.CopyTo(framed, 5);
            await context.Response.Body.WriteAsync(framed, context.RequestAborted);
            framed.AsSpan().Clear();
            message.AsSpan().Clear();
        }
        context.Response.AppendTrailer("grpc-status", "0");
    }

    // Without a body status and message are the head of the answer, as gRPC wants it then.
    private static void End(HttpContext context, int status, string message)
    {
        context.Response.Headers["grpc-status"] = status.ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = Uri.EscapeDataString(message.ReplaceLineEndings(" "));
    }

    private static bool Agrees(string verb, MasterKey key)
    {
        using var terminal = TerminalPrompt.Open();
        return terminal?.Line($"{verb} with {key.Kind} {key.Id}? Type y to agree") is "y" or "Y" or "yes";
    }
}
