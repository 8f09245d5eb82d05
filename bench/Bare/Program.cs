// The yardstick: Kestrel with nothing above it, ahead-of-time compiled, answering every request with the bytes of a
// file.
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

var body = File.ReadAllBytes(args[1]);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls($"http://127.0.0.1:{args[0]}").ConfigureKestrel(options => options.AddServerHeader = false);
var app = builder.Build();
app.Run(async context =>
{
    context.Response.ContentType = "application/json";
    context.Response.Headers.CacheControl = "no-store";
    context.Response.ContentLength = body.Length;
    if (context.Request.ContentLength > 0) await context.Request.Body.CopyToAsync(Stream.Null);
    await context.Response.BodyWriter.WriteAsync(body);
});
app.Run();
